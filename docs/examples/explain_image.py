"""Tells why an image is ranked where it is, or why it is not.

python explain_image.py 3b1f0e52c7a94d6f8e2a1c5d7b9f0a3e
"""

import sys

from madseg.client import Client, NotFound


def main(image_id: str) -> None:
    with Client.from_environment() as client:
        try:
            found = client.explain(image_id)
        except NotFound as error:
            sys.exit(str(error))
        if found.random_lane:
            print("It is in the random lane, which is never mined.")
        for reason in found.exclusions:
            print(f"It is kept out: {reason}.")
        for outcome in found.outcomes:
            print(f"{outcome.version}: {outcome.failure or 'has a label map'}")
        for contest in found.contests:
            print(f"{contest.target} against {contest.competitor}: discrepancy {contest.discrepancy:.3f}")
            for place in contest.classes:
                where = place.reason if place.rank is None else f"place {place.rank}"
                print(f"  {place.class_name}, {place.area_share:.1%} of what the {place.defender} sees: {where}")


if __name__ == "__main__":
    main(*sys.argv[1:])
