"""`vo-gan evaluate stereo`: EPE, bad-1/2/3 and D1."""

from __future__ import annotations

import argparse
from pathlib import Path

from vo_gan.commands.evaluate.output import add_json, missing, print_figures, write_json

HELP = "EPE, bad-1/2/3, D1"
DESCRIPTION = (
    "Disparities against true ones: 16-bit PNG (pixels x 256, 0 = unknown) or float .npy files, one each or folders of "
    "them. A pixel without an estimate counts as wrong."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--gt", type=Path, required=True, metavar="FILE|DIR", help="true disparities")
    parser.add_argument("--est", type=Path, required=True, metavar="FILE|DIR", help="estimated disparities")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures, and write them where asked."""
    from vo_gan.evaluation.stereo import evaluate_stereo_files

    figures = evaluate_stereo_files(arguments.gt, arguments.est).to_json()
    print_figures(
        f"{figures['images']} images{missing(figures)} of {figures['resolution']}",
        figures,
        {
            "epe_px": ("EPE", "px"),
            "bad1_percent": ("bad-1", "%"),
            "bad2_percent": ("bad-2", "%"),
            "bad3_percent": ("bad-3", "%"),
            "d1_percent": ("D1", "%"),
            "coverage_percent": ("coverage", "% of the pixels with a true disparity"),
            "density_percent": ("density", "% of all pixels have a true disparity"),
        },
    )
    write_json(arguments.json, figures)
    return 0
