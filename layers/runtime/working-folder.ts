import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that nobody else may enter (mode 0700), under a name that nobody can foresee. */
export const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'sallyport-'))
/** With all that is in it. */
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
