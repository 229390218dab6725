"""What docs/models.md says before and after its table of families."""

from __future__ import annotations

HEAD = """\
Generated from `workflow/mia/denoisers` and `tests/support/tiny_families` by `make docs`; edit
those, or `workflow/mia/commands/documentation/family_texts.py`, not this page.

# Models

A model is a folder in diffusers' format: `model_index.json` names a pipeline, and the pipeline's
name decides the family. Every family answers the same questions, so every attack that makes sense
for it runs unchanged.

```yaml
models:
  mine: {source: path, path: models/mine}               # a folder here
  theirs: {source: hub, repo: owner/name, revision: <40 hexadecimal digits>}
  trained: {source: training, training: mine}           # a block of `training`
  adapted: {source: path, path: models/base, lora: {path: mine.safetensors}}
```

A model's files are read and compared before anything is encoded, and those of the hub before
weights are downloaded. Weights must be safetensors; no code of a folder is run. A LoRA adapter is
merged into its base in float32, whatever the source of the base; the base alone is then the natural
`reference` ([docs/your-own.md](your-own.md)). `make cost` counts the arithmetic of any of them.

A training here makes a `stable_diffusion`, with `text: false` an `ldm`, and with `space: pixel` a
`ddpm`; `objective` says what it learns to answer ([config/ddpm.yaml](../config/ddpm.yaml)). So each
kind of target exists with membership that is known. `shadows: 8` trains eight more models like it,
on random halves of what a target compares
([docs/targets.md](targets.md#references-and-shadow-models)).

## Families

- *told*: what the model is told of an image. It decides which attacks exist on its targets
  ([docs/attacks.md](attacks.md)).
- *answers*: what the model was trained to answer. The scheduler of most folders says whether that
  is the noise, the velocity v, the clean image, the velocity of flow matching, or what an EDM
  answers (Karras et al. 2022; Playground 2.5 and CosXL are SDXL with such a scheduler). All are
  read as a noise estimate.
- *keys of its own*: keys of the model's block that this family reads, with their defaults. Another
  family refuses them. All read `preparation` and `lora`.
- *tested on*: tiny untrained models that diffusers itself saved, by name.
"""

AFTER = """\
On each of these tiny models tests hold that

- the denoiser is handed the same tensors as in the pipeline's own call, time and latent included;
- a step of the pipeline's scheduler is our step from the noise estimate;
- latents become the images that the pipeline makes of them;
- `loss`, `pia`, `secmi`, `sima` and `clid_null` equal plain loops over the pipeline's own parts;
  `clid_null` only where a model is told something

(`tests/models/test_families.py`), and on each family's `plain` model and SDXL's other objectives
that a run of Snakemake leads from the folder to the table (`tests/pipeline/test_family_runs.py`).
No published weights are loaded in tests. [One more family](../examples/add_a_family.md) is one file
and its tiny model.

## One system of coordinates

A timestep means an amount of noise, given by ᾱ. A family with a schedule of its own is asked at the
ᾱ of that schedule, which its scheduler's config gives. Models of flow matching and EDMs have no
numbered noise levels. They are asked at the ᾱ of Stable Diffusion's schedule, so `timestep: 100` is
as much noise as there. The shift of a scheduler only chooses which levels a sampler visits and
changes no answer. The velocity of flow matching is turned into a noise estimate exactly: one
deterministic step between two ᾱ is one Euler step of the flow.

## What a model is told without a caption

The condition `null` is what the family's own pipeline takes where no negative prompt is given:

- SDXL: zeros if model_index.json says `force_zeros_for_empty_prompt: true` or nothing, else the
  empty caption, encoded. An image whose own caption is empty is told the empty caption, encoded.
- DiT: the class after the last, 1000 for ImageNet.
- Kandinsky: the embedding of an image of zeros.
- Sana: the empty caption, encoded without the instruction that stands before other captions.
- All others that are told a text: the empty caption, by all of the model's encoders.
- A model that is told nothing is asked the same under every condition.

The caption of an image of a class-conditional model is its class: a number, or a name in `id2label`
of model_index.json. Anything else is an error that names the row.

## Images and latents

Autoencoders run in float32, whatever `measure.dtype` says: several overflow in half precision.
Latents are the posterior's mean, with the scale, shift, or mean and deviation by channel that the
autoencoder's config says. Those of a VQModel are not quantised where noise is added.

`preparation` says how the square that the model sees is cut from an image: `centre`, or `adm` for
models that were trained on ImageNet as ADM and DiT were. Another preparation than the training's
changes the losses of members and nonmembers alike, and weakens attacks.

## Large text encoders

Where a model's text encoders take more than 2 GiB, a measuring job embeds all its texts first, one
file each in a temporary folder. Then it drops the encoders and loads the rest. `TMPDIR` says where
the folder lies; a text of FLUX.1 takes 8 MB, so 10,000 captions take 80 GB at one time in one job.
More shards make it less.

## Sizes that SDXL is told

Stable Diffusion XL is told six numbers beside a caption: height and width of the image's file, top
and left of the crop in the resized image, and height and width of the crop, all in pixels. In
training these were each image's own. What to tell the model in an attack is a question of fairness.

- By default every image is told the same: `(R, R, 0, 0, R, R)`, where R is the model's resolution.
  Then no score knows a file's size. No image is treated as training treated it either, so a signal
  may be weaker than it could be.
- `time_ids: own` in a model's block tells each image the size of its own file and the crop that our
  preparation makes: the shorter side is brought to R, then the centre is cut out (with
  `preparation: adm`, as it lies after the halvings). It is close to training. But the size of the
  file enters the score. If members and nonmembers differ in size, an attack may then win by size
  alone, as `blind_metadata` does.

Put the same model into `models` twice, once with each, and make two targets of them. Report both
numbers on one pair of sets, with `blind_metadata` beside them. Where the own sizes help and
`blind_metadata` is at chance, the help is memory. Where `blind_metadata` is not at chance, trust
the constant ones.

```yaml
models:
  sdxl: {source: path, path: models/sdxl}
  sdxl_own: {source: path, path: models/sdxl, time_ids: own}
```

Our crop need not be the training's. Some trainings cut at random, or sorted images by their shape.

## Models that are refused

- A distilled model (Turbo, LCM, Lightning, schnell and others) answers in few steps what another
  model answers in many. Its answers are no noise estimates of the images that it was trained on. It
  is known by its pipeline, its scheduler, its U-Net's `time_cond_proj_dim`, or its published name:
  that of the hub, of the hub's cache, or `_name_or_path` in model_index.json and in the denoiser's
  config. The name of a folder of your own does not count. FLUX.1-schnell is also known by having
  neither a guidance embedding nor a schedule that moves with the image's size.
- A refiner saw the least noisy timesteps alone.
- A model for inpainting, editing or enlarging reads more than a noisy latent: a U-Net with 5, 7, 8
  or 9 channels, FLUX.1 Fill, Kontext and Control. Pipelines for img2img and inpainting that have
  the components of a known family are of that family.
- The decoder of Kandinsky 2.2 without its prior: save both as one `KandinskyV22CombinedPipeline`.
- An adapter of the hub with such a name, as of LCM or Lightning.

## What to know beside this

- In `bfloat16` FLUX.1 rounds the time that it is told, here as in its own pipeline: there are about
  330 distinct times for 1,000 timesteps, off by 4 at most. In `float32` they are exact.
- PixArt's pipelines clean captions (markup, symbols) where `bs4` and `ftfy` are installed. Here
  captions are lowered and stripped alone. Clean them beforehand if your model was trained so.
- Kandinsky's prior stays beside its decoder while it is measured, whatever its size.
- Noise on a text (`shift` of `dubinski`) also moves the zeros with which Stable Diffusion 3 fills
  up its text states.
- Before the JSON files of a model of the hub are cached, `make cost` counts it as Stable Diffusion
  1, and says so; FLUX.1 takes 27 times as much.
- A training here makes models that are told captions or nothing, none that is told a class.

## Limits

- A distilled model whose name does not say so, in a folder of your own, is not recognised.
- Of the pipelines above only SDXL's read `latents_mean` and `latents_std` of an autoencoder. Here
  they count for every family, where the autoencoder's config has both.
- Models of CompVis with a VQModel, such as the one of CelebA-HQ, were trained without a scaling
  factor. If a newer diffusers saved one anew, its file names 0.18215, and that is believed. The
  latents then have a mean square near 0.03, and a remark on the target says that they are too
  small. Remove `scaling_factor` from the VQModel's config.
- The check of estimates against zero ([docs/flags.md](flags.md#estimates_worse_than_zero)) finds
  wrong scales and prediction types, and no wrong schedule.

## Notes on each family
"""
