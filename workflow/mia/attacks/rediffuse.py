"""ReDiffuse: an image noised a little and denoised in one step resembles itself more if a member.

Public code for Stable Diffusion uses linear betas, pixel normalisation on latents and guidance 7.5;
here the schedule is the model's own and there is no guidance. With one step the output is the
decoded x̂0, so it needs the same evaluation as the loss.

With `form: api` nothing of the model is seen but images: the image goes in, and each draw is one
call of an interface for image-to-image, in DDIM steps of `step`. The image is compared with the
mean of the draws. The paper takes t = 200, steps of 100 and ten draws for DDIM and DiT, and says
that several draws do not help on Stable Diffusion. It trains a ResNet on the difference; here it is
the SSIM in both forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared import generated
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """SSIM of the grey image and its reconstruction.

    In [−1, 1]; higher = member. With `form: estimate` it is the mean over draws. With `form: api`
    it is that of the mean image of at most 16 draws.

    The paper's setting for Stable Diffusion: t = 50 in one step, one draw.
    """

    timestep: int = 50
    draws: int = 1
    condition: str = "caption"
    form: str = "estimate"
    step: int = 100

    source = "Li et al. 2024 (arXiv 2405.20771), SSIM for Stable Diffusion"

    def __post_init__(self) -> None:
        one_of("form", self.form, ("estimate", "api"))
        if self._is_api:
            generated.check_variation([self.timestep], 1, self.draws)

    @property
    def _is_api(self) -> bool:
        return self.form == "api"

    @property
    def access(self) -> str:
        """What it sees of the model: its estimate, or images alone."""
        return "black-box" if self._is_api else "grey-box"

    @property
    def traits(self) -> Traits:
        """The mean image of all draws is no mean of scores."""
        return Traits(compares_draws=self._is_api)

    @property
    def queries(self) -> tuple[Query, ...]:
        if self._is_api:
            return generated.variations([self.timestep], self.draws, self.condition, self.step, 1)
        further = (("kind", "step"),)
        return grid("reconstruction", [self.timestep], self.draws, self.condition, further)

    def score(self, evidence: Evidence) -> pd.Series:
        if self._is_api:
            table = evidence.signals[generated.VARIATION]
            return table.loc[table["draw"] == self.draws - 1, "ssim_of_mean"]
        return evidence.signals["reconstruction"]["ssim"].groupby(level="image_id").mean()
