"""A small GPT-2 in plain PyTorch, with the names and layouts of Hugging Face's GPT2LMHeadModel.

    python3 docs/twin/gpt2.py huggingface/testdata/gpt2-tiny

writes a folder as Hugging Face's library saves one, with random weights: config.json, model.safetensors and a
tokenizer.json whose tokens are the 256 bytes. Beside them it writes expected.safetensors: tokens, and the logits that
this program computes for them in float64. The tests of package huggingface compare with them. It needs PyTorch alone.
"""

import json
import math
import pathlib
import struct
import sys

import torch

LAYERS, HEADS, WIDTH, CONTEXT, VOCAB = 2, 4, 32, 64, 256


class Conv1D(torch.nn.Module):
    """A linear map that keeps its weight as [in, out], as GPT-2's first program did."""

    def __init__(self, out, inner):
        super().__init__()
        self.weight = torch.nn.Parameter(0.3 * torch.randn(inner, out))
        self.bias = torch.nn.Parameter(0.2 * torch.randn(out))

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.c_attn = Conv1D(3 * WIDTH, WIDTH)
        self.c_proj = Conv1D(WIDTH, WIDTH)
        self.register_buffer("bias", torch.tril(torch.ones(CONTEXT, CONTEXT)).view(1, 1, CONTEXT, CONTEXT))
        self.register_buffer("masked_bias", torch.tensor(-1e4))

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = (t.view(batch, length, HEADS, -1).transpose(1, 2) for t in self.c_attn(x).split(WIDTH, dim=2))
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        scores = scores.masked_fill(self.bias[:, :, :length, :length] == 0, -math.inf)
        y = torch.softmax(scores, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).reshape(batch, length, WIDTH))


class MLP(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.c_fc = Conv1D(4 * WIDTH, WIDTH)
        self.c_proj = Conv1D(WIDTH, 4 * WIDTH)

    def forward(self, x):
        h = self.c_fc(x)
        h = 0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3)))  # gelu_new
        return self.c_proj(h)


class LayerNorm(torch.nn.LayerNorm):
    def __init__(self):
        super().__init__(WIDTH, eps=1e-5)
        torch.nn.init.normal_(self.weight, 1, 0.2)
        torch.nn.init.normal_(self.bias, 0, 0.2)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.attn, self.ln_2, self.mlp = LayerNorm(), Attention(), LayerNorm(), MLP()

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT2(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = torch.nn.Embedding(VOCAB, WIDTH)
        self.wpe = torch.nn.Embedding(CONTEXT, WIDTH)
        self.h = torch.nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = LayerNorm()
        for table in (self.wte, self.wpe):
            torch.nn.init.normal_(table.weight, 0, 0.5)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.T


def save(path, tensors):
    """Writes a safetensors file; see https://github.com/huggingface/safetensors for the format."""
    names = {torch.float32: ("F32", "f"), torch.float64: ("F64", "d"), torch.int64: ("I64", "q")}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        dtype, code = names[tensor.dtype]
        values = tensor.detach().reshape(-1).tolist()
        begin, data = len(data), data + struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [begin, len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def byte_characters():
    """The character that stands for each byte in a byte-level vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    characters = {b: chr(b) for b in printable}
    for n, b in enumerate(b for b in range(256) if b not in characters):
        characters[b] = chr(256 + n)
    return characters


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    model = GPT2()
    save(folder / "model.safetensors", dict(model.state_dict()))
    (folder / "config.json").write_text(json.dumps({
        "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 0,
        "embd_pdrop": 0.1, "eos_token_id": 0, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
        "model_type": "gpt2", "n_ctx": CONTEXT, "n_embd": WIDTH, "n_head": HEADS, "n_layer": LAYERS,
        "n_positions": CONTEXT, "resid_pdrop": 0.1, "vocab_size": VOCAB}, indent=2) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": {c: b for b, c in sorted(byte_characters().items())}, "merges": []},
    }, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    tokens = torch.randint(VOCAB, (1, 40))
    save(folder / "expected.safetensors", {"tokens": tokens, "logits": model.double()(tokens)})


if __name__ == "__main__":
    main()
