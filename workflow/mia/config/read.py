"""The one way from a config to an experiment: completed, built, checked."""

from __future__ import annotations

from typing import Any

from mia.config import yaml_file
from mia.config.checks import check
from mia.config.errors import ConfigError
from mia.config.experiment import Experiment
from mia.config.generated import with_generated
from mia.config.schema import complete
from mia.config.shadows import with_shadows


def read(config: dict[str, Any]) -> Experiment:
    """Return the experiment that `config` asks for. No file that it names is looked at.

    Raises:
        ConfigError: A line for each mistake, with the key, what was found and what was expected.
    """
    experiment = Experiment(with_generated(with_shadows(complete(config))))
    check(experiment)
    return experiment


def read_file(path: str) -> Experiment:
    """Return the experiment of the config file at `path`.

    Raises:
        ConfigError: As in `read`; if the file is not YAML, it names line and column.
    """
    return read(yaml_file.read(path))


def read_file_or_exit(path: str) -> Experiment:
    """Return the experiment of a config file; if it is wrong, say why and end the program."""
    try:
        return read_file(path)
    except ConfigError as error:
        raise SystemExit("\n".join(f"error: {line}" for line in str(error).splitlines())) from error
