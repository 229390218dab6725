"""Where every file of an experiment lies, below its results folder: one template for each kind.

A name in braces stands for one folder or a part of a file's name; `{query}` is the path of a query
below its signal.
"""

PLAN = "images/{set}/plan/{shard}.parquet"
PICTURES = "images/{set}/raw/{shard}/pictures.tar"
DOWNLOADS = "images/{set}/raw/{shard}/downloads.parquet"
ROWS = "images/{set}/rows/{shard}.parquet"
EMBEDDINGS = "images/{set}/embeddings/{encoder}/{channel}/{shard}.parquet"
MANIFEST = "images/{set}/manifest.parquet"
PAIRS = "images/{set}/pairs.parquet"
ENCODER = "encoders/{encoder}.json"
VAE = "training/{training}/vae/vae.json"
CHECKPOINT = "training/{training}/checkpoints/{epoch}"
CHECKPOINTS = "training/{training}/index.json"
SAMPLES = "training/{training}/samples.png"
TRAINING_LEDGER = "ledger/train"
MODEL = "models/{model}/model.json"
MERGED = "models/{model}/merged"
LATENTS = "latents/{vae}/{set}/{shard}.safetensors"
LEDGER = "ledger/measure/{model}/{set}"
SIGNALS = "signals/{model}/{set}/{signal}/{shard}.parquet"
QUERIES = "queries/{model}/{set}/{signal}/{query}.parquet"
ESTIMATES = "queries/{model}/{set}/estimates.json"
MEMBERSHIP = "targets/{target}/membership.parquet"
TARGET_PAIRS = "targets/{target}/pairs.parquet"
OTHER_CAPTIONS = "targets/{target}/captions.parquet"
REFERENCES = "targets/{target}/references.parquet"
SCORES = "scores/{target}/{attack}.parquet"
GENERATED_SCORES = "scores/{target}/generated/{attack}.parquet"
METRICS = "metrics/{target}/{attack}.json"
SETS_AUDIT = "audit/sets/{target}.json"
GATE = "audit/sets.passed.json"
AUDIT = "audit/{target}.json"
FIGURE = "figures/{target}-{figure}.svg"
REPORT = "report.html"
SCORE_TABLE = "tables/scores.parquet"
LOSS_TABLE = "tables/losses.parquet"
FILES = (
    *(PLAN, PICTURES, DOWNLOADS, ROWS, EMBEDDINGS, MANIFEST, PAIRS, ENCODER, VAE, CHECKPOINTS),
    *(SAMPLES, MODEL, LATENTS, SIGNALS, QUERIES, ESTIMATES, MEMBERSHIP, TARGET_PAIRS),
    *(OTHER_CAPTIONS, REFERENCES, SCORES, GENERATED_SCORES, METRICS, SETS_AUDIT, GATE, AUDIT),
    *(FIGURE, REPORT, SCORE_TABLE, LOSS_TABLE),
)
