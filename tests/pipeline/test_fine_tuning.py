"""Fine-tuning through its rules: what runs, and what of the base model stays."""

from __future__ import annotations

import json

TUNED = {
    "base": "tiny",
    "set": "mine:member",
    "epochs": 2,
    "keep": [1],
    "batch_size": 8,
    "learning_rate": 0.001,
}


def test_a_fine_tuning_starts_from_its_base_and_trains_no_vae(bench):
    def change(config):
        config["training"] = {"tuned": TUNED}
        for epoch in (1, 2):
            config["models"][f"epoch_{epoch}"] = {
                "source": "training",
                "training": "tuned",
                "epoch": epoch,
            }
        config["targets"]["tuned"] = {**config["targets"]["fair"], "model": "epoch_1"}

    bench.configure(change)
    wanted = [f"results/models/epoch_{epoch}/model.json" for epoch in (1, 2)]
    run = bench.run(*wanted).done()
    assert run.jobs == ["model/epoch_1", "model/epoch_2", "train/tuned"]
    base, early, late = (
        json.loads((bench.folder / f"results/models/{name}/model.json").read_text())
        for name in ("tiny", "epoch_1", "epoch_2")
    )
    assert len({model["weights"] for model in (base, early, late)}) == 3
    vae, unet = (f"{part}/diffusion_pytorch_model.safetensors" for part in ("vae", "unet"))
    assert base["files"][vae] == early["files"][vae] == late["files"][vae]
    assert len({model["files"][unet] for model in (base, early, late)}) == 3
    for field in ("alpha_bar", "prediction_type", "resolution", "latent_shape"):
        assert base[field] == early[field] == late[field]
    # Latents are the base's: nothing is encoded again.
    assert "encode" not in bench.run("--dry-run").text
