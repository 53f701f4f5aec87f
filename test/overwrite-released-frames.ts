/** Of every test: who reads on in a frame that was released finds it overwritten. */
import { frameMemory } from '../src/base/frame-memory.ts'

frameMemory.overwriteReleased()
