"""The commands of `vo-gan`, one module each: `HELP`, `add_arguments(parser)` and `run(arguments) -> exit code`."""
