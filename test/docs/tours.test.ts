import { tourTests } from './tour.js'

// In one file, so that the compiler looks at them once.
tourTests('README.md', 5)
tourTests('docs/overlays.md', 2)
tourTests('docs/testing.md', 4)
tourTests('docs/verification.md', 1)
