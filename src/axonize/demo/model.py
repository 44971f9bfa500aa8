"""A small Llama with random weights and a tokenizer trained on the spot: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

MODEL = "tiny-llama"
SENTENCES = (
    "The request waited in the queue because the batch was full.",
    "A graphics processor spends most of its time moving numbers.",
    "Every token is chosen from the scores of all the others.",
    "The first token takes longer, since the whole prompt is read.",
    "After that the cache remembers what was already computed.",
    "Two requests that share a batch also share the power they use.",
    "A slow trace shows where the time went and who was there.",
    "Energy is power over time, and money follows energy.",
    "When memory runs out, somebody has to start again.",
    "What is measured can be made faster, what is guessed cannot.",
)
CHAT_TEMPLATE = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}"


def make_model(folder: Path) -> Path:
    """Write model and tokenizer into the folder, unless they are there; return the folder."""
    if not (folder / "config.json").exists():
        tokenizer = _make_tokenizer(folder)
        _make_llama(folder, len(tokenizer))
    return folder


def _make_tokenizer(folder: Path):  # type: ignore[no-untyped-def]
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        SENTENCES, vocab_size=512, special_tokens=["<pad>", "<s>", "</s>"], show_progress=False
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    return tokenizer


def _make_llama(folder: Path, vocabulary: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
