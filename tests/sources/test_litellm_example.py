"""The example proxy: what its files say is true of the code they use."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from helix_dash import settings

FOLDER = Path(__file__).parents[2] / "examples" / "litellm_proxy"
CONFIG = yaml.safe_load((FOLDER / "config.yaml").read_text("utf-8"))
README = (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["config.yaml", "chain.yaml"])
def test_the_configured_callback_exists(name):
    config = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    (callback,) = config["litellm_settings"]["callbacks"]
    module, name = callback.split(".")
    tree = ast.parse((FOLDER / f"{module}.py").read_text("utf-8"))
    made = [node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == name]
    assert ast.unparse(made[0].value) == "HelixLogger()"


def test_one_model_answers_without_a_key_of_a_provider():
    mocked = [model for model in CONFIG["model_list"] if "mock_response" in model["litellm_params"]]
    assert mocked
    assert all(model["model_name"] in README for model in mocked)


def test_the_chain_names_only_models_that_it_calls():
    chain = yaml.safe_load((FOLDER / "chain.yaml").read_text("utf-8"))
    calls = (FOLDER / "chain.py").read_text("utf-8")
    assert all(f'"{model["model_name"]}"' in calls for model in chain["model_list"])


def test_no_secret_is_written_into_the_configuration():
    """LiteLLM refuses to start with a weak master key; ours is made at the start."""
    secrets = [model["litellm_params"]["api_key"] for model in CONFIG["model_list"]]
    secrets.append(CONFIG["general_settings"]["master_key"])
    assert all(secret == "none" or secret.startswith("os.environ/") for secret in secrets)


def test_every_setting_the_readme_names_exists():
    named = set(re.findall(r"export ([A-Z_]+)=", README)) - {"LITELLM_MASTER_KEY"}
    assert named <= {row.name for row in settings.TABLE}
    assert "LOG_REDIS_URL" in named


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 24
