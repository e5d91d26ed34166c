"""The method, pure: no I/O, no clock, no randomness that is not passed in.

Files in the order in which the data flows:

| of what                              | files                                                |
|--------------------------------------|------------------------------------------------------|
| what all others speak in             | errors, times, taxonomy, messages                    |
| an image becomes canonical           | preprocess                                           |
| label maps: one, many at once        | label_map, label_maps, warm_up (compiles for these)  |
| who competes with whom               | competition                                          |
| two maps of an image compared        | confusion, discrepancy, content, disagreement         |
| the images on which two disagree: M  | ranking, candidates                                  |
| people grade M                       | opinion, raters, agreement, adaptive (when to stop)  |
| what is chosen of M: S and T         | counterexamples                                      |
| people draw S and T                  | masks                                                |
| how good versions are                | evaluation, comparison (of two), duels (of any)      |
| all of that, over and over           | rounds                                               |
"""
