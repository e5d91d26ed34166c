"""Tables made by earlier releases, brought up to date."""
