"""What breaks, broken on purpose: kills, closed terminals, dropped connections, full disks."""
