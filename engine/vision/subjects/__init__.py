"""Who may be meant in a video: things that move, people, what stands out; what each knows about itself; and words that pick one."""
