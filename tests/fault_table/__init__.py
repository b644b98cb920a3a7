"""Every call of every verb, with every fault and every signal at that call: does all end as without them?"""
