"""`layers`: which parameter tensors of a denoiser a white-box attack looks at.

- `all`: every tensor;
- `no-cross`: those that do not read what the model is told of an image. Left out are, by the names
  that diffusers gives: cross-attention (`attn2`), the text's own projections, norms and blocks of
  joint attention (Stable Diffusion 3, FLUX.1), and the layers that embed a text, a pooled text, an
  image embedding or a class.

A gradient of a cross-attention's key and value projections is a product with the text's states, so
its norm depends on the caption alone to a good part. The other gradients depend on the caption too,
through what the cross-attention adds: `no-cross` closes the direct channel. The row under the empty
caption, `condition: null`, closes all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

ALL, NO_CROSS = LAYERS = ("all", "no-cross")
TOLD = re.compile(
    r"(^|\.)(attn2|add_[qkv]_proj|to_add_out|norm_added_[a-z]+|norm1_context|ff_context|"
    r"context_embedder|caption_projection|caption_norm|text_embedder|encoder_hid_proj|"
    r"add_embedding|class_embedder|class_embedding)\."
)


def kept(tensors: Sequence[str], layers: str) -> np.ndarray:
    """Return whether each of `tensors` is among `layers`, `(tensors,)` bool.

    >>> kept(["conv_in.weight", "mid.attn1.to_k.weight", "mid.attn2.to_k.weight"], "no-cross")
    array([ True,  True, False])
    """
    return np.array([layers == ALL or not TOLD.search(name) for name in tensors], dtype=bool)
