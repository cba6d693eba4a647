"""A schema of the data, read without TensorFlow."""

from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from headrace.contents.damage import reading

FILE_NAME = "schema.pbtxt"  # what SchemaGen and ImportSchemaGen write


@dataclass(frozen=True)
class FeatureSchema:
    """What one feature must look like, in words where the schema has a structure."""

    name: str
    type: str  # BYTES, INT, FLOAT or STRUCT
    required: bool  # every example must have it
    values: str  # per example: "1", "0 to 1", "1 or more", or a shape such as "28 x 28"
    domain: str  # "Cash, Credit Card", "1 to 12", "at least 0", or empty where any value will do
    not_in: tuple[str, ...]  # environments without it, such as SERVING for a label


def read_schema(folder: Path) -> list[FeatureSchema]:
    """The features of the schema in a Schema artifact's `folder`, in their written order.

    Raises:
        FileNotFoundError: there is no schema in the folder.
        ValueError: it is damaged.
    """
    schema = _parsed(folder)
    return [_feature(feature, schema) for feature in schema.feature]


def read_domains(folder: Path) -> dict[str, tuple[str, ...]]:
    """Feature to the texts it may be, for those that the schema in `folder` holds to a list of them.

    Raises:
        FileNotFoundError: there is no schema in the folder.
        ValueError: it is damaged.
    """
    schema = _parsed(folder)
    shared = {domain.name: domain for domain in schema.string_domain}
    found = {}
    for feature in schema.feature:
        match feature.WhichOneof("domain_info"):
            case "domain" if feature.domain in shared:
                found[feature.name] = tuple(shared[feature.domain].value)
            case "string_domain":
                found[feature.name] = tuple(feature.string_domain.value)
    return found


def _parsed(folder: Path) -> schema_pb2.Schema:
    path = folder / FILE_NAME
    with reading(path):
        return text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())


def _feature(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> FeatureSchema:
    return FeatureSchema(
        feature.name,
        schema_pb2.FeatureType.Name(feature.type),
        required=feature.presence.min_fraction == 1,
        values=_values(feature),
        domain=_domain(feature, {domain.name: domain for domain in schema.string_domain}),
        not_in=tuple(env for env in _environments(schema) if not _is_in(feature, env, schema)),
    )


def _environments(schema: schema_pb2.Schema) -> list[str]:
    named = (env for feature in schema.feature for env in (*feature.in_environment, *feature.not_in_environment))
    return sorted({*schema.default_environment, *named})


def _is_in(feature: schema_pb2.Feature, environment: str, schema: schema_pb2.Schema) -> bool:
    by_default = environment in schema.default_environment and environment not in feature.not_in_environment
    return environment in feature.in_environment or by_default


def _values(feature: schema_pb2.Feature) -> str:
    match feature.WhichOneof("shape_type"):
        case "shape":
            return " x ".join(str(dim.size) for dim in feature.shape.dim) or "1"
        case "value_count":
            return _count(feature.value_count)
        case "value_counts":
            return ", then ".join(_count(count) for count in feature.value_counts.value_count)
        case _:
            return "any number"


def _count(count: schema_pb2.ValueCount) -> str:
    if not count.max:
        return f"{count.min} or more"
    return str(count.min) if count.min == count.max else f"{count.min} to {count.max}"


def _domain(feature: schema_pb2.Feature, shared: dict[str, schema_pb2.StringDomain]) -> str:
    match feature.WhichOneof("domain_info"):
        case "domain":
            return ", ".join(shared[feature.domain].value) if feature.domain in shared else feature.domain
        case "string_domain":
            return ", ".join(feature.string_domain.value)
        case "int_domain":
            return _range(feature.int_domain)
        case "float_domain":
            return _range(feature.float_domain)
        case "bool_domain":
            return f"{feature.bool_domain.true_value or 'true'} or {feature.bool_domain.false_value or 'false'}"
        case None:
            return ""
        case other:
            return str(other).removesuffix("_domain").replace("_", " ")


def _range(domain: schema_pb2.IntDomain | schema_pb2.FloatDomain) -> str:
    low = f"{domain.min:.10g}" if domain.HasField("min") else ""
    high = f"{domain.max:.10g}" if domain.HasField("max") else ""
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high else ""
