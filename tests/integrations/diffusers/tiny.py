"""Random pipelines that are as small as their classes allow: text to image, and noise to image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    UNet2DModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from tests.integrations.tiny_llama import tokenizer

SIZE = 16  # pixels
TOKENS = 32


def text_to_image() -> Any:
    """Return a Stable Diffusion of 16 x 16 pixels; the same weights each time."""
    torch.manual_seed(0)
    words = tokenizer()
    words.model_max_length = TOKENS
    pipeline = StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=_text_encoder(words),
        tokenizer=words,
        unet=_unet(),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def noise_to_image() -> Any:
    """Return a DDPM, which has neither prompt nor VAE."""
    torch.manual_seed(0)
    unet = UNet2DModel(
        sample_size=8,
        in_channels=3,
        out_channels=3,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )
    pipeline = DDPMPipeline(unet=unet, scheduler=DDPMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save(folder: Path) -> Path:
    """Write the text-to-image pipeline to a folder, and return it."""
    text_to_image().save_pretrained(folder)
    return folder


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8),
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        latent_channels=4,
    )


def _unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIZE // 2,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
    )


def _text_encoder(words: PreTrainedTokenizerFast) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(words),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=TOKENS,
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
            pad_token_id=words.pad_token_id,
        )
    )
