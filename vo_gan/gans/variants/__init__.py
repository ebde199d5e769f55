"""Every GAN of the library, by name."""

from vo_gan.gans.variants.cgan import Cgan
from vo_gan.gans.variants.coupled import Coupled
from vo_gan.gans.variants.cyclegan import Cyclegan
from vo_gan.gans.variants.dcgan import Dcgan
from vo_gan.gans.variants.deblurgan import Deblurgan
from vo_gan.gans.variants.gan import Gan
from vo_gan.gans.variants.latent import LatentVariant
from vo_gan.gans.variants.pix2pix import Pix2pix
from vo_gan.gans.variants.pix2pixhd import Pix2pixHd
from vo_gan.gans.variants.stargan import Stargan
from vo_gan.gans.variants.text_to_image import TextToImage
from vo_gan.gans.variants.translation import TranslationVariant
from vo_gan.gans.variants.variant import Variant
from vo_gan.gans.variants.wgan import Wgan
from vo_gan.gans.variants.wgan_gp import WganGp

VARIANTS: dict[str, type[Variant]] = {
    kind.variant: kind
    for kind in (
        Gan,
        Cgan,
        Dcgan,
        Wgan,
        WganGp,
        Pix2pix,
        Cyclegan,
        Pix2pixHd,
        Deblurgan,
        Stargan,
        TextToImage,
        Coupled,
    )
}

__all__ = ["VARIANTS", "LatentVariant", "TranslationVariant", "Variant"]
