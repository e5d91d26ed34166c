"""Writes docs/api.md from the protos and the comments in them: `reference.py DESCRIPTORS`, on standard output."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

ORDER = ("intake", "models", "selector", "scoring", "masks", "finetune", "rounds", "evaluation", "types", "events")
"""Files as the data flows; what they have in common comes last."""

INTRODUCTION = """# gRPC reference

Made from `protos/madseg/v1` by `make proto`; change the comments there, not this page.

Every server has the standard health service and reflection, open to all, so that `grpcurl` needs no protos.
Other calls take a [token](operations.md#tokens):

```sh
grpcurl -plaintext 127.0.0.1:7003 list
grpcurl -plaintext -H "authorization: Bearer $MADSEG_TOKEN" 127.0.0.1:7003 madseg.v1.SelectorService/ListContests
```

A list comes in pages: `page_token` is empty for the first, and is the answer's `next_page_token` for the one after.
Errors are gRPC's status codes with a `google.rpc.ErrorInfo`, whose `reason` is the error's name:

| code | reasons |
|---|---|
| INVALID_ARGUMENT | `InvalidInput`, `InvalidImage`, `InvalidLabelMap`, `InvalidModel`, `Poison` |
| INVALID_ARGUMENT, of a picture | `TooLarge`, `UnknownFormat`, `Forgotten` (it is banned) |
| NOT_FOUND | `NotFound` |
| ALREADY_EXISTS | `AlreadyExists` |
| FAILED_PRECONDITION | `NotReady`, `Conflict` |
| UNAUTHENTICATED | `Unauthenticated` |
| PERMISSION_DENIED | `Forbidden` |
| RESOURCE_EXHAUSTED | `TooMany`, `Busy` |
| ABORTED | `Stale`, `TooSlow` (an upload whose next chunk didn't come) |
| UNAVAILABLE | `Unavailable`; of the inference server `Late`, `Gone`, `Dead`, `RegionLost` |
| UNKNOWN | `MadsegError` (a network failed on a picture) |

A defect is INTERNAL without an `ErrorInfo`; its sentence has a number that stands in the server's log.
Where a field is at fault a `google.rpc.BadRequest` names it.
What a caller does next:

- UNAVAILABLE: the same call again in a moment, if it changes nothing or has an idempotency key.
- RESOURCE_EXHAUSTED: the same call after the pause that a `google.rpc.RetryInfo` gives; nothing was done.
- `NotReady`: what the sentence names, or wait for it; then the same call is taken.
- `Stale`: what the call went by has changed and nothing was done. Read it again, decide anew, and send what was read.
- `TooSlow`: the upload again, from its first message.
- `Conflict`: nothing; an operator has to mend what the sentence names.

[Examples](examples/README.md) call it with grpcurl and from Python, which has a [typed client](client.md).
"""

_SCALARS = {number: name.removeprefix("TYPE_").lower() for name, number in FieldDescriptorProto.Type.items()}


class Comments:
    """The comments of a file, by the path of what they stand before."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._text = {tuple(item.path): item.leading_comments for item in file.source_code_info.location}

    def lines(self, *path: int) -> list[str]:
        """A comment's lines."""
        return [line.strip() for line in self._text.get(path, "").strip().splitlines()]

    def cell(self, *path: int) -> str:
        """A comment as the cell of a table."""
        return " ".join(self.lines(*path)).replace("|", "\\|").replace("<", "&lt;")


def page(files: Sequence[FileDescriptorProto]) -> str:
    """The whole page."""
    known = {Path(file.name).stem: file for file in files if file.package == "madseg.v1"}
    missing = known.keys() - set(ORDER)
    if missing:
        raise SystemExit(f"{', '.join(sorted(missing))}: no place in ORDER")
    chapters = [line for name in ORDER if name in known for line in chapter(name, known[name])]
    return INTRODUCTION + "\n" + "\n".join(chapters).rstrip() + "\n"


def chapter(name: str, file: FileDescriptorProto) -> Iterator[str]:
    """A file: its services, then its messages, then its enumerations."""
    comments = Comments(file)
    yield f"## {name}"
    yield ""
    yield from (line for line in comments.lines(12))  # the syntax statement carries the file's own comment
    yield ""
    for at, service in enumerate(file.service):
        yield from _service(service, comments, at)
    for at, message in enumerate(file.message_type):
        yield from _message(message, comments, at)
    for at, enum in enumerate(file.enum_type):
        yield from _enum(enum, comments, at)


def _service(service: ServiceDescriptorProto, comments: Comments, at: int) -> Iterator[str]:
    yield f"### {service.name}"
    yield ""
    yield from comments.lines(6, at)
    yield ""
    yield "| method | takes | answers | |"
    yield "|---|---|---|---|"
    for number, method in enumerate(service.method):
        takes, answers = _ends(method)
        yield f"| `{method.name}` | {takes} | {answers} | {comments.cell(6, at, 2, number)} |"
    yield ""


def _ends(method: MethodDescriptorProto) -> tuple[str, str]:
    takes, answers = _linked(method.input_type), _linked(method.output_type)
    return (
        f"stream of {takes}" if method.client_streaming else takes,
        f"stream of {answers}" if method.server_streaming else answers,
    )


def _message(message: DescriptorProto, comments: Comments, at: int) -> Iterator[str]:
    yield f"#### {message.name}"
    yield ""
    yield from comments.lines(4, at)
    yield ""
    if not message.field:
        return
    yield "| field | | |"
    yield "|---|---|---|"
    for number, field in enumerate(message.field):
        yield f"| `{field.name}` | {_type(field, message)} | {comments.cell(4, at, 2, number)} |"
    yield ""


def _type(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    name = _linked(field.type_name) if field.type_name else _SCALARS[field.type]
    for nested in message.nested_type:
        if nested.options.map_entry and field.type_name.endswith(f".{message.name}.{nested.name}"):
            key, value = (
                _SCALARS[item.type] if not item.type_name else _linked(item.type_name) for item in nested.field
            )
            return f"map of {key} to {value}"
    if field.proto3_optional:
        return f"optional {name}"
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {name}"
    if field.HasField("oneof_index"):
        return f"{name}, one of `{message.oneof_decl[field.oneof_index].name}`"
    return name


def _enum(enum: EnumDescriptorProto, comments: Comments, at: int) -> Iterator[str]:
    yield f"#### {enum.name}"
    yield ""
    yield from comments.lines(5, at)
    yield ""
    yield "| value | number | |"
    yield "|---|---|---|"
    for number, value in enumerate(enum.value):
        yield f"| `{value.name}` | {value.number} | {comments.cell(5, at, 2, number)} |"
    yield ""


def _linked(name: str) -> str:
    """A type of ours as a link to its chapter; another one by its name."""
    short = re.sub(r"^\.madseg\.v1\.", "", name)
    return f"[{short}](#{short.lower()})" if short != name else f"`{name.removeprefix('.')}`"


if __name__ == "__main__":
    sys.stdout.write(page(FileDescriptorSet.FromString(Path(sys.argv[1]).read_bytes()).file))
