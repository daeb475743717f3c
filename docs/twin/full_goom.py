#!/usr/bin/env python3
"""The input-dependent GOOM recurrence in plain PyTorch, to time this project's kernels against.

    python3 docs/twin/full_goom.py [--threads 2] [--seconds 3]    milliseconds of each operation
    python3 docs/twin/full_goom.py --check                        against a plain loop in float64

Rows are floats that are rescaled by powers of two at every step, so that they leave the range of floats by any factor, as in
this project; the exponents of the matrices are taken out of all of them at once. The names and sizes are those of
go test ./internal/kernels/recurrence -run '^$' -bench Peer.

u [B, T, H, R, D], a [B, T, H, D, D], x0 [H, R, D].
"""
import argparse
import math
import statistics
import sys
import time

import torch

def exponent(x, dims, nothing):
    m = x.detach().abs().amax(dims, keepdim=True)
    return torch.frexp(m).exponent.to(x.dtype).masked_fill_(m == 0, nothing)


def full_goom(a, u, x0):
    B, T, H, R, D = u.shape
    nothing = -1e9
    rows = u.permute(1, 0, 2, 3, 4).reshape(T, B * H, R, D)
    row_e = exponent(rows, -1, nothing)
    row_s = row_e.masked_fill(row_e == nothing, 0.0)
    rows = rows * torch.exp2(-row_s)
    mats = a.permute(1, 0, 2, 3, 4).reshape(T, B * H, D, D)
    mat_e = exponent(mats, (-2, -1), 0.0)
    mats = mats * torch.exp2(-mat_e)
    x, e = x0.expand(B, H, R, D).reshape(B * H, R, D), rows.new_zeros(B * H, R, 1)
    xs = []
    for m, me, row, re, rs in zip(mats.unbind(), mat_e.unbind(), rows.unbind(), row_e.unbind(), row_s.unbind()):
        with torch.no_grad():
            e = e + me
            new_e = torch.maximum(e + torch.frexp(x.abs().amax(-1, keepdim=True)).exponent, re)
            sx, sr = torch.exp2(e - new_e), torch.exp2((rs - new_e).clamp_max_(100.0))
        x, e = torch.baddbmm(row * sr, x * sx, m), new_e
        xs.append(x)
    xs = torch.stack(xs).view(T, B, H, R, D).transpose(0, 1)
    m = xs.detach().abs().amax(-1, keepdim=True).clamp_min(torch.finfo(xs.dtype).tiny)
    return xs * (math.exp(2.0) / m)


def table_goom(table, tokens, u, x0):
    return full_goom(table[tokens], u, x0)


def linear_goom(h, w, u, x0):
    B, T, H, R, D = u.shape
    return full_goom((h @ w).view(B, T, H, D, D) + torch.eye(D, dtype=h.dtype), u, x0)


def leaf(x):
    return x.requires_grad_()


def full(b, t, h, r, d):
    return full_goom, (leaf(torch.randn(b, t, h, d, d) / d**0.5), leaf(torch.randn(b, t, h, r, d)), leaf(torch.randn(h, r, d)))


def table(b, t, h, r, d, s):
    tokens = torch.randint(s, (b, t))
    leaves = leaf(torch.randn(s, h, d, d) / d**0.5), leaf(torch.randn(b, t, h, r, d)), leaf(torch.randn(h, r, d))
    return lambda matrices, u, x0: table_goom(matrices, tokens, u, x0), leaves


def linear(b, t, e, h, r, d):
    return linear_goom, (leaf(torch.randn(b, t, e)), leaf(0.02 * torch.randn(e, h * d * d)), leaf(torch.randn(b, t, h, r, d)), leaf(torch.randn(h, r, d)))


OPERATIONS = {
    "full_goom/b8_t256_h8_r1_d16": (full, (8, 256, 8, 1, 16)),
    "table_goom/b8_t256_h8_r1_d16_s64": (table, (8, 256, 8, 1, 16, 64)),
    "linear_goom/b8_t256_e128_h8_r1_d5": (linear, (8, 256, 128, 8, 1, 5)),
    "linear_goom/b8_t256_e128_h8_r1_d16": (linear, (8, 256, 128, 8, 1, 16)),
}


def milliseconds(call, seconds):
    """Median of a call, after one to warm up."""
    call()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def measure(seconds):
    for name, (make, sizes) in OPERATIONS.items():
        forward, leaves = make(*sizes)
        with torch.no_grad():
            cotangent = torch.randn_like(forward(*leaves))
            alone = milliseconds(lambda: forward(*leaves), seconds)
        both = milliseconds(lambda: torch.autograd.grad(forward(*leaves), leaves, cotangent), seconds)
        print(f"{name}  forward {alone:.2f} ms  forward_backward {both:.2f} ms", flush=True)


def check():
    """Returns the largest errors of the states and of the gradients of a, u and x0."""
    a, u, x0 = (leaf(torch.randn(*s, dtype=torch.float64)) for s in ((2, 9, 3, 4, 4), (2, 9, 3, 2, 4), (3, 2, 4)))
    x, xs = x0, []
    for t in range(9):
        x = x @ a[:, t] + u[:, t]
        xs.append(x)
    x = torch.stack(xs, 1)
    want = x * (math.exp(2.0) / x.detach().abs().amax(-1, keepdim=True))
    got, w = full_goom(a, u, x0), torch.randn(2, 9, 3, 2, 4, dtype=torch.float64)
    errors = [(got - want).abs().max().item()]
    for g, v in zip(torch.autograd.grad((got * w).sum(), (a, u, x0)), torch.autograd.grad((want * w).sum(), (a, u, x0))):
        errors.append(((g - v).abs().max() / v.abs().max()).item())
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to repeat each measurement, at least 3 times")
    parser.add_argument("--check", action="store_true", help="compare with a plain loop in float64")
    args = parser.parse_args()
    if args.threads < 1:
        parser.error("--threads must be at least 1")
    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    if args.check:
        errors = check()
        print("errors of the states and of the gradients of a, u, x0:", *(f"{e:.1e}" for e in errors))
        return max(errors) > 1e-12
    measure(args.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
