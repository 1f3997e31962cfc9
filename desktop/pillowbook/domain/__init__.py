"""The words of Pillowbook as frozen types; standard library only."""
