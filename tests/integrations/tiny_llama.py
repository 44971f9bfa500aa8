"""A random two-layer Llama with a trained tokenizer, saved to a folder in under a second."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "A model answers a question with one token after another.",
    "The first token is late because the prompt has to be read.",
    "Every other token takes about the same time.",
    "A long prompt makes the first token slow.",
    "A long answer makes the whole request slow.",
    "The queue is where most of the time is lost.",
    "Two requests in one batch share the same step.",
    "Memory for keys and values grows with every token.",
    "Nobody knows why a request was slow without a trace.",
)
CHAT_TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)


def save_tiny_llama(folder: Path, *, seed: int = 0) -> Path:
    """Write model and tokenizer to `folder`; the same seed gives the same weights."""
    words = tokenizer()
    words.save_pretrained(folder)
    torch.manual_seed(seed)
    LlamaForCausalLM(_config(words)).save_pretrained(folder)
    return folder


def tokenizer() -> PreTrainedTokenizerFast:
    """Train a BPE tokenizer on the sentences above."""
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<unk>", "<pad>", "<bos>", "<eos>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(SENTENCES, trainer)
    unk, pad, bos, eos = special
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        unk_token=unk,
        pad_token=pad,
        bos_token=bos,
        eos_token=eos,
        padding_side="left",
        chat_template=CHAT_TEMPLATE,
    )


def _config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
