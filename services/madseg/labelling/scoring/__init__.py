"""Campaigns: candidates are judged by several raters, and T and S are chosen by what they say."""
