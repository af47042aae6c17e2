import { tourTests } from './tour.js'

tourTests('docs/overlays.md', 2)
