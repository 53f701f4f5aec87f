/** The log as the raft core sees it: epochs, positions of other replicas, and what counts as being on disk. */
import { describe, expect, test } from 'vitest'
import { LogView } from '../../src/raft/log-view.ts'
import { VoterHistory } from '../../src/raft/voter-history.ts'
import { dynamicVoters } from './scripted-replica.ts'

/** Epoch 1 from 0, 2 from 10, 4 from 20, up to 30. */
function view(): LogView {
  return new LogView({
    startOffset: 0,
    endOffset: 30,
    epochs: [
      { epoch: 1, startOffset: 0 },
      { epoch: 2, startOffset: 10 },
      { epoch: 4, startOffset: 20 },
    ],
    snapshots: [],
  })
}

describe('epochs', () => {
  test.each([
    [0, 0, 0],
    [1, 1, 10],
    [2, 2, 20],
    [3, 2, 20],
    [4, 4, 30],
    [5, 4, 30],
  ])('up to %i end as epoch %i at %i', (epoch, endEpoch, endOffset) => {
    expect(view().endOffsetForEpoch(epoch)).toEqual({ epoch: endEpoch, endOffset })
  })

  test.each([
    [{ epoch: 4, endOffset: 25 }, 25],
    [{ epoch: 4, endOffset: 99 }, 30],
    [{ epoch: 3, endOffset: 25 }, 20],
    [{ epoch: 2, endOffset: 15 }, 15],
    [{ epoch: 0, endOffset: 0 }, 0],
  ])('a leader whose log parts at %j makes a follower cut at %i', (end, offset) => {
    expect(view().truncationOffset(end)).toBe(offset)
  })

  test('that were cut off are gone', () => {
    const log = view()
    log.truncate(15)
    expect([log.endOffset, log.flushedOffset, log.lastEpoch]).toEqual([15, 15, 2])
    expect(log.endOffsetForEpoch(4)).toEqual({ epoch: 2, endOffset: 15 })
  })
})

describe('a position', () => {
  test.each([
    [30, 4, 'valid'],
    [25, 4, 'valid'],
    [20, 2, 'valid'],
    [0, 0, 'valid'],
    [31, 4, 'diverging'],
    [25, 2, 'diverging'],
    [25, 3, 'diverging'],
    [5, 0, 'diverging'],
  ])('of %i after epoch %i is %s', (offset, epoch, kind) => {
    expect(view().checkPosition(offset, epoch).kind).toBe(kind)
  })

  test('is judged against the snapshot when there is one', () => {
    const log = view()
    log.addSnapshot({ endOffset: 12, epoch: 2 })
    expect(log.checkPosition(0, 0)).toEqual({ kind: 'snapshot', id: { endOffset: 12, epoch: 2 } })
    expect(log.checkPosition(5, 1).kind).toBe('snapshot')
    expect(log.checkPosition(11, 2).kind).toBe('valid')
    log.trim(12)
    expect(log.checkPosition(11, 2).kind).toBe('snapshot')
    expect(log.checkPosition(12, 2).kind).toBe('valid')
    expect(log.checkPosition(12, 4).kind).toBe('snapshot')
  })

  test('at the end of a snapshot that holds the whole log is valid', () => {
    const log = view()
    log.resetTo({ endOffset: 40, epoch: 5 })
    expect([log.startOffset, log.endOffset, log.lastEpoch]).toEqual([40, 40, 5])
    expect(log.checkPosition(40, 5).kind).toBe('valid')
    expect(log.checkPosition(30, 4).kind).toBe('snapshot')
    expect(log.checkPosition(41, 5).kind).toBe('diverging')
  })
})

describe('what is on disk', () => {
  test('is what was flushed, in order', () => {
    const log = view()
    const first = log.append(30, 35, 4)
    const second = log.append(35, 40, 4)
    expect([log.endOffset, log.flushedOffset]).toEqual([40, 30])
    log.onFlushed(first)
    expect(log.flushedOffset).toBe(35)
    log.onFlushed(second)
    expect(log.flushedOffset).toBe(40)
  })

  test('an acknowledgement for records cut off since says nothing of those that took their place', () => {
    const log = view()
    const old = log.append(30, 50, 4)
    log.truncate(25)
    const fresh = log.append(25, 60, 5)
    log.onFlushed(old)
    expect(log.flushedOffset).toBe(25)
    log.onFlushed(fresh)
    expect(log.flushedOffset).toBe(60)
  })
})

test('the settings of a quorum hold from the record that made them, as long as it stands', () => {
  const history = new VoterHistory(dynamicVoters(1))
  history.add(10, { voters: dynamicVoters(1, 2).voters })
  history.add(20, { voters: dynamicVoters(1, 2, 3).voters })
  expect(history.latest.voters.ids).toEqual([1, 2, 3])
  expect(history.before(20).voters.ids).toEqual([1, 2])
  expect(history.before(10).voters.ids).toEqual([1])
  history.truncate(20)
  expect(history.latest.voters.ids).toEqual([1, 2])
  history.trim(15)
  expect([history.latest.voters.ids, history.latestOffset]).toEqual([[1, 2], undefined])
})
