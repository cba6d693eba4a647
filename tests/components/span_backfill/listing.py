"""What a window came to, as a component sees it."""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, String


@component
def Listing(  # noqa: N802 - a component's name
    examples: InputArtifact[list[Examples]], previous: InputArtifact[Examples], listed: OutputArtifact[String]
) -> None:
    """Writes the spans of a window with their versions, and the previous span."""
    window = " ".join(sorted(_named(one) for one in examples))
    listed.value = f"{window} | {_named(previous)}"


def _named(examples: Examples) -> str:
    span, version = (examples.get_int_custom_property(name) for name in ("span", "version"))
    return f"{span}.{version}"
