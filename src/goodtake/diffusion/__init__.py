"""Diffusion apart from any network: noise schedules and samplers, NumPy.

A network is asked for the noise in a sample at a step; what becomes of its answer is decided here.

```python
sampler = DPMSolver(linear_schedule())
sampler.set_timesteps(6)
for index, timestep in enumerate(sampler.timesteps):
    sample = sampler.step(network(sample, timestep), index, sample)
```
"""
