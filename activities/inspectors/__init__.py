"""What opens a stranger's file, a module for each kind. Only the child (`activities.inspector`) imports them."""
