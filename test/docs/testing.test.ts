import { tourTests } from './tour.js'

tourTests('docs/testing.md', 4)
