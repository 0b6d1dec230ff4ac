import { randomBytes } from 'node:crypto'
import { Failure } from '../failure.ts'
import { optionalWhole } from '../members.ts'
import type { Operations } from '../operation.ts'
import { refuseUnusable, saveKey, saveMaterial, type Key } from './keys.ts'
import { onKey } from './operation.ts'

const daySeconds = 86_400
const maxOnDemand = 25

function refuseRotation(key: Key): void {
  refuseUnusable(key)
  if (key.spec !== 'SYMMETRIC_DEFAULT')
    throw new Failure('UnsupportedOperationException', `${key.arn} is not a symmetric encryption key: it cannot be rotated.`)
}

const enable = onKey('EnableKeyRotation', {
  aliases: false,
  run(key, input, world) {
    const periodDays = optionalWhole(input, 'RotationPeriodInDays', { min: 90, max: 2560 }) ?? 365
    refuseRotation(key)
    return world.store.write(() => {
      saveKey({ ...key, rotation: { periodDays, next: world.now() / 1000 + periodDays * daySeconds } }, world)
      return undefined
    })
  },
})

const disable = onKey('DisableKeyRotation', {
  aliases: false,
  run(key, _, world) {
    refuseRotation(key)
    const { rotation: _old, ...rest } = key
    return world.store.write(() => {
      saveKey(rest, world)
      return undefined
    })
  },
})

const status = onKey('GetKeyRotationStatus', {
  aliases: false,
  run: (key) => ({
    KeyId: key.id,
    KeyRotationEnabled: key.rotation !== undefined,
    ...(key.rotation && { RotationPeriodInDays: key.rotation.periodDays, NextRotationDate: key.rotation.next }),
  }),
})

const rotate = onKey('RotateKeyOnDemand', {
  aliases: false,
  run(key, _, world) {
    refuseRotation(key)
    if (key.rotations.length >= maxOnDemand)
      throw new Failure('LimitExceededException', `${key.arn} has reached the limit of on-demand rotations.`)
    return world.store.write(() => {
      saveMaterial(key.id, key.backing + 1, randomBytes(32), world)
      saveKey({ ...key, backing: key.backing + 1, rotations: [...key.rotations, { at: world.now() / 1000, type: 'ON_DEMAND' }] }, world)
      return { KeyId: key.id }
    })
  },
})

const rotations = onKey('ListKeyRotations', {
  aliases: false,
  run: (key) => ({
    Rotations: key.rotations.map(({ at, type }) => ({ KeyId: key.id, RotationDate: at, RotationType: type })),
    Truncated: false,
  }),
})

/** New backing keys under an old name. */
export const rotationOperations: Operations = {
  EnableKeyRotation: enable,
  DisableKeyRotation: disable,
  GetKeyRotationStatus: status,
  RotateKeyOnDemand: rotate,
  ListKeyRotations: rotations,
}
