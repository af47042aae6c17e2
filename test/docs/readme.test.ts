import { tourTests } from './tour.js'

tourTests('README.md', 5)
