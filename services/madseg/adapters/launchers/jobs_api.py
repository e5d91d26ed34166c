"""What the launcher asks of a Kubernetes API server: the template of its jobs, the jobs, and their pods."""

import ssl
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from madseg.core.errors import Unavailable

Object = dict[str, Any]

CALL_SECONDS = 10.0

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds who it is: `token`, `ca.crt` and `namespace`."""

_JOB_NAME = "batch.kubernetes.io/job-name"


@dataclass(frozen=True)
class JobsApi:
    """Calls as the account whose files are in a folder; they are read for each call, since the cluster renews them.

    Every method raises Unavailable where the server can't be reached or refuses, with its own words.
    """

    server: str
    account: Path

    def template(self, name: str) -> Object | None:
        """The `jobTemplate` of a CronJob; None where there is none of this name."""
        found = self._ask("GET", f"cronjobs/{name}")
        return None if found is None else dict(found["spec"]["jobTemplate"])

    def job(self, name: str) -> Object | None:
        """A job; None where there is none."""
        return self._ask("GET", f"jobs/{name}")

    def create(self, job: Object) -> bool:
        """Makes a job; False where there is one of its name."""
        return self._ask("POST", "jobs", job, instead=HTTPStatus.CONFLICT) is not None

    def suspend(self, name: str) -> None:
        """Has the pods of a job ended; does nothing where it is gone."""
        self._ask("PATCH", f"jobs/{name}", {"spec": {"suspend": True}})

    def remove(self, name: str) -> None:
        """Has a job removed once its pods have ended; does nothing where it is gone."""
        self._ask("DELETE", f"jobs/{name}", {"propagationPolicy": "Foreground"})

    def pods(self, job: str) -> list[Object]:
        """The pods of a job, those that are ending too."""
        found = self._ask("GET", f"pods?labelSelector={_JOB_NAME}%3D{job}", group="api/v1")
        return list(found["items"]) if found else []

    def kill(self, pod: str) -> None:
        """Has a pod forgotten at once, whatever its node says."""
        self._ask("DELETE", f"pods/{pod}", {"gracePeriodSeconds": 0}, group="api/v1")

    def _ask(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        group: str = "apis/batch/v1",
        instead: HTTPStatus = HTTPStatus.NOT_FOUND,
    ) -> Object | None:
        """The answer; None where it has the status `instead`."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            namespace, token = ((self.account / name).read_text().strip() for name in ("namespace", "token"))
            trusted = ssl.create_default_context(cafile=self.account / "ca.crt")
            with httpx.Client(verify=trusted, trust_env=False, timeout=CALL_SECONDS) as client:
                answer = client.request(
                    method,
                    f"{self.server}/{group}/namespaces/{namespace}/{path}",
                    json=body,
                    headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
                )
        except (OSError, httpx.HTTPError) as error:
            raise Unavailable(f"the API server at {self.server} can't be asked: {error}") from error
        if answer.status_code == instead:
            return None
        if not answer.is_success:
            raise Unavailable(f"the API server refuses to {method} {path.partition('?')[0]}: {_words(answer)}")
        try:
            return dict(answer.json())
        except ValueError as error:
            raise Unavailable(f"{self.server} doesn't answer as an API server: {answer.text[:200]!r}") from error


def _words(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.text[:200]}"
