"""What `import ttnn` gives, and the devices that vectors run on."""
