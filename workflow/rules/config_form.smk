"""Check config files before Snakemake reads the default one: its errors name no line and no key."""

import sys
from pathlib import Path

WORKFLOW = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(WORKFLOW))

from snakemake.exceptions import WorkflowError

from mia.config import yaml_file
from mia.config.errors import ConfigError

DEFAULT_CONFIG = f"{workflow.basedir}/config/config.yaml"


def config_error(error):
    """Return one mistake a line, each with its mark, in Snakemake's own form."""
    lines = str(error).splitlines()
    return WorkflowError("\n".join(f"Config: {line}" for line in lines))


# Only the process that plans checks; jobs that read the Snakefile again need not.
if workflow.is_main_process:
    try:
        for path in workflow.overwrite_configfiles or [DEFAULT_CONFIG]:
            yaml_file.read(path)
    except ConfigError as error:
        raise config_error(error)
