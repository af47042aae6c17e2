import { tourTests } from './tour.js'

tourTests('docs/verification.md', 1)
