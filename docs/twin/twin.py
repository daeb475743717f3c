#!/usr/bin/env python3
"""Trains the models of TestTwin in PyTorch, from the same initial weights on the same batches.

    python3 twin.py [--dtype float32] RUNS CURVES

RUNS has a folder for each run with config.toml, initial.safetensors and batches.safetensors. The losses go to
CURVES/NAME.jsonl, one line for each step. Needs Python 3.11, PyTorch 2.4 and NumPy.
"""
import argparse
import json
import math
import pathlib
import tomllib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def read_safetensors(path):
    """A header of JSON after its length in 8 bytes, then the numbers."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    types = {"F32": np.float32, "F64": np.float64, "I32": np.int32}
    tensors = {}
    for name, at in json.loads(raw[8 : 8 + size]).items():
        if name != "__metadata__":
            lo, hi = at["data_offsets"]
            flat = np.frombuffer(raw[8 + size + lo : 8 + size + hi], types[at["dtype"]])
            tensors[name] = torch.from_numpy(flat.reshape(at["shape"]).copy())
    return tensors


def linear(d_in, d_out):
    return nn.Linear(d_in, d_out, bias=False)


def heads_of(x, heads):
    """[B, T, H*K] to [B, H, T, K]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class ShortConv(nn.Conv1d):
    """Causal convolution of each channel over 4 positions, then SiLU."""

    def __init__(self, channels):
        super().__init__(channels, channels, 4, groups=channels, bias=False, padding=3)

    def forward(self, x):
        return F.silu(super().forward(x.transpose(1, 2))[..., :-3].transpose(1, 2))


class DeltaMixer(nn.Module):
    """S <- S + beta k^T (v - k S), o = q S / sqrt(K), token by token (arXiv 2406.06484), beta in (0, 2)."""

    def __init__(self, d, heads, k):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj = (linear(d, heads * k) for _ in range(3))
        self.q_conv1d, self.k_conv1d, self.v_conv1d = (ShortConv(heads * k) for _ in range(3))
        self.b_proj, self.o_norm, self.o_proj = linear(d, heads), nn.RMSNorm(k, eps=1e-6), linear(heads * k, d)

    def forward(self, x):
        q, k, v = (heads_of(conv(proj(x)), self.heads) for conv, proj in (
            (self.q_conv1d, self.q_proj), (self.k_conv1d, self.k_proj), (self.v_conv1d, self.v_proj)))
        q, k = (y / (y.square().sum(-1, keepdim=True) + 1e-6).sqrt() for y in (q, k))
        beta = heads_of(2 * torch.sigmoid(self.b_proj(x)), self.heads)  # [B, H, T, 1]
        state = x.new_zeros(*q.shape[:2], q.shape[-1], v.shape[-1])
        out = []
        for t in range(x.shape[1]):
            key = k[:, :, t, :, None]
            missing = v[:, :, t] - (key * state).sum(-2)
            state = state + key * (beta[:, :, t] * missing)[:, :, None]
            out.append((q[:, :, t, :, None] * state).sum(-2) / math.sqrt(q.shape[-1]))
        return self.o_proj(self.o_norm(torch.stack(out, 1)).flatten(-2))


class DeltaBlock(nn.Module):
    def __init__(self, d, heads, k, hidden):
        super().__init__()
        self.attn_norm, self.attn, self.mlp_norm = nn.RMSNorm(d, eps=1e-6), DeltaMixer(d, heads, k), nn.RMSNorm(d, eps=1e-6)
        self.mlp = nn.ModuleDict({"gate_proj": linear(d, hidden), "up_proj": linear(d, hidden), "down_proj": linear(hidden, d)})

    def forward(self, x):
        x = x + self.attn(self.attn_norm(x))
        z = self.mlp_norm(x)
        return x + self.mlp["down_proj"](F.silu(self.mlp["gate_proj"](z)) * self.mlp["up_proj"](z))


class DeltaNet(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, hidden = c["d-emb"], math.ceil(8 * c["d-emb"] / 3 / 256) * 256
        self.model = nn.ModuleDict({
            "embeddings": nn.Embedding(c["vocab"], d),
            "layers": nn.Sequential(*(DeltaBlock(d, c["heads"], c["d-head"], hidden) for _ in range(c["layers"]))),
            "norm": nn.RMSNorm(d, eps=1e-6)})
        self.lm_head = linear(d, c["vocab"])

    def forward(self, tokens):
        return self.lm_head(self.model["norm"](self.model["layers"](self.model["embeddings"](tokens))))


class SoftmaxBlock(nn.Module):
    """Pre-norm transformer block with rotary positions: number i of a head turns with number i + K/2."""

    def __init__(self, d, heads, k):
        super().__init__()
        self.heads = heads
        self.norm1, self.qkv, self.out = nn.LayerNorm(d), nn.Linear(d, 3 * heads * k), nn.Linear(heads * k, d)
        self.norm2, self.mlp = nn.LayerNorm(d), nn.Sequential(nn.Linear(d, 4 * d), nn.GELU("tanh"), nn.Linear(4 * d, d))

    def rotary(self, x):
        half, time = x.shape[-1] // 2, x.shape[-2]
        angle = torch.arange(time)[:, None] * 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
        cos, sin = angle.cos().to(x), angle.sin().to(x)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def forward(self, x):
        q, k, v = (heads_of(y, self.heads) for y in self.qkv(self.norm1(x)).chunk(3, -1))
        o = F.scaled_dot_product_attention(self.rotary(q), self.rotary(k), v, is_causal=True)
        x = x + self.out(o.transpose(1, 2).flatten(-2))
        return x + self.mlp(self.norm2(x))


class SoftmaxAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        d = c["d-emb"]
        self.embed = nn.Embedding(c["vocab"], d)
        self.blocks = nn.Sequential(*(SoftmaxBlock(d, c["heads"], c["d-head"]) for _ in range(c["layers"])))
        self.norm = nn.LayerNorm(d)

    def forward(self, tokens):
        return self.norm(self.blocks(self.embed(tokens))) @ self.embed.weight.T  # tied head


def learning_rate(c, step):
    """Linear warm-up, then half a cosine."""
    if step <= c["warmup"]:
        return c["lr"] * step / c["warmup"]
    part = (step - c["warmup"]) / (c["schedule-steps"] - c["warmup"])
    return c["min-lr"] + (c["lr"] - c["min-lr"]) * (1 + math.cos(math.pi * part)) / 2


def clip(parameters, largest):
    """As clip_grad_norm_, which adds 1e-6 to the norm: enough to set chaotic runs in float64 apart."""
    norm = torch.cat([p.grad.flatten() for p in parameters]).norm()
    for p in parameters:
        p.grad *= min(1.0, largest / norm.item())


def train(run, dtype):
    """Yields the loss of each step: mean cross-entropy over the targets that count."""
    c = tomllib.loads((run / "config.toml").read_text())
    model = {"delta-net": DeltaNet, "softmax-attention": SoftmaxAttention}[c["model"]](c).to(dtype)
    model.load_state_dict(read_safetensors(run / "initial.safetensors"))
    matrices = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]  # biases, gains and short convolutions do not decay
    groups = [{"params": matrices, "weight_decay": c["weight-decay"]}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(c["beta1"], c["beta2"]), eps=c["eps"])
    batches = read_safetensors(run / "batches.safetensors")
    for step, (inputs, targets) in enumerate(zip(batches["inputs"].long(), batches["targets"].long()), 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(c, step)
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        clip(list(model.parameters()), c["clip"])
        optimizer.step()
        yield loss.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    parser.add_argument("runs", type=pathlib.Path)
    parser.add_argument("curves", type=pathlib.Path)
    args = parser.parse_args()
    for config in sorted(args.runs.glob("*/config.toml")):
        with open(args.curves / (config.parent.name + ".jsonl"), "w") as f:
            for step, loss in enumerate(train(config.parent, getattr(torch, args.dtype)), 1):
                f.write(json.dumps({"step": step, "split": "train", "loss": loss}) + "\n")


if __name__ == "__main__":
    main()
