"""What leaves this system and what enters it: mail now, and the bookkeeping that every delivery shares."""
