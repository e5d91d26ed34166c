"""How much of everything a stream of images needs: worked out from what one image costs each part, by simulation."""
