"""Quality of packing, on instances with a known optimum and on real traces."""
