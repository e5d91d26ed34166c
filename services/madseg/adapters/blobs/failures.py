"""What obstore raises, as errors of madseg with a sentence for people. Nothing of a request's query gets into one."""

import html
import re

from obstore.exceptions import BaseError

from madseg.core.errors import MadsegError, NotFound, Unavailable

GONE = {"NoSuchKey", "BlobNotFound"}
"""What stores say where an object isn't there. Other codes come with the same status 404 and mean no such thing."""

LOST = {"NoSuchBucket", "ContainerNotFound"}
"""What stores say where a whole bucket isn't there."""

CALLERS_FAULT = {
    "AuthenticationFailed",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "XAdminUserNotFound",
}
"""What stores say of credentials or a region that aren't right, whatever is asked for."""

FAILURES = (BaseError, FileNotFoundError)
"""All that a call of obstore raises where the store is at fault."""


def translated(error: Exception, what: str) -> MadsegError:
    """The error for `what` is at fault, such as `images/ab.png in s3://bucket`.

    A store that refuses its caller is Unavailable, as one that is away: rights can be given, and nothing is lost.
    """
    if isinstance(error, FileNotFoundError) and code(error) <= GONE:
        return NotFound(f"there is no {what}")
    return Unavailable(f"{what}: {cause(error)}")


def code(error: Exception) -> set[str]:
    """The store's own code of the error, where it gave one."""
    return set(re.findall(r"<Code>(\w+)</Code>", str(error))[:1])


def cause(error: Exception) -> str:
    """One line: what the store says, or what happened on the way to it."""
    text = str(error)
    # The answer to a wrong signature repeats all that was signed: only these two parts of an answer are for people.
    said = [found.group(1) for name in ("Code", "Message") if (found := re.search(rf"<{name}>([^<]*)</{name}>", text))]
    if said:
        return html.unescape(": ".join(part.partition("\n")[0] for part in said))
    # The rest of an obstore message is a dump for its developers; a query may hold a signature.
    return re.sub(r"\?\S*", "", text.partition("\n")[0])[:400]
