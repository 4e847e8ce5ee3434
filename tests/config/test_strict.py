import pytest
from pydantic import ValidationError

from corsproxy.config.keys import models
from corsproxy.config.model import Table
from corsproxy.config.strict import Strict


@pytest.mark.parametrize("model", dict.fromkeys(model for _, model in models(Table)))
def test_no_mapping_takes_keys_it_does_not_know(model: type[Strict]):
    assert issubclass(model, Strict)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"no_such_key": 1})


@pytest.mark.parametrize("model", dict.fromkeys(model for _, model in models(Table)))
def test_no_key_is_required_here(model: type[Strict]):
    assert model.model_validate({}).model_fields_set == set()
