"""Where images and label maps come from. Each source is an iterator of items and of refusals that name the item.

Sources run at the sender: they read, and leave decoding and identity to the gateway. One bad item never ends one.
"""
