"""What the benches share: servers by pid on their core, loads on the other, turns, claims."""
