"""Real servers for the tests: each is started once per session, or given by MADSEG_TEST_<NAME>."""
