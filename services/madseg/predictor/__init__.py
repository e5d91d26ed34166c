"""Networks: taken in from strangers, kept in the model repository, and asked about every image.

From a stranger's file to a served model, in the order of `add.py`:
source (read), card (what its owner says), signature (what it really does), wrap (head + network + tail), check
(against reference, the same in numpy), repository (record, triton_config).
"""
