"""Lists where the target and its competitors disagree most.

python list_rankings.py            one line a ranking
python list_rankings.py bus        the first ten images of each ranking of that class
"""

import sys

from madseg.client import Client


def main(class_name: str = "") -> None:
    with Client.from_environment() as client:
        for line in client.rankings(class_name=class_name):
            key = line.key
            if not line.images:
                continue
            worst = "none counts" if line.top_discrepancy is None else f"worst {line.top_discrepancy:.3f}"
            print(f"{key.class_name}: {key.target} against {key.competitor}, seen by the {key.defender}, {worst}")
            if class_name:
                first = client.ranking_page(key.target, key.competitor, key.defender, key.class_name, page_size=10)
                for entry in first.entries:
                    print(f"  {entry.rank:>2} {entry.image_id} {entry.discrepancy:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
