/** Conversations of a quorum, to be read: what they say to each other in an election, a failover, a hand-over. */
import { expect, test } from 'vitest'
import { Conversation } from './conversation.ts'

/** Three voters; 1 leads epoch 1, and all have its first record. */
function led(): Conversation {
  const conversation = new Conversation(3)
  conversation.timeOut(1)
  conversation.takeText()
  return conversation
}

test('an election', () => {
  const conversation = new Conversation(3)
  conversation.timeOut(1)
  expect(conversation.takeText()).toMatchInlineSnapshot(`
    "1 > 2 pre-vote in epoch 0? log 0/0
    1 > 3 pre-vote in epoch 0? log 0/0
    2 > 1 yes
    3 > 1 yes
    1 > 2 vote for epoch 1? log 0/0
    1 > 3 vote for epoch 1? log 0/0
    2 > 1 yes
    1 leads epoch 1
    3 > 1 yes
    1 > 2 epoch 1 begins
    2 follows 1 in epoch 1
    1 > 3 epoch 1 begins
    3 follows 1 in epoch 1
    2 > 1 ok
    2 > 1 fetch 0/0
    3 > 1 ok
    3 > 1 fetch 0/0
    1 > 2 records, committed -1
    1 > 3 records, committed -1
    2 > 1 fetch 1/3
    1 commits below 3
    3 > 1 fetch 1/3
    1 > 2 committed 3
    2 commits below 3
    1 > 3 committed 3
    3 commits below 3
    2 > 1 fetch 1/3
    3 > 1 fetch 1/3"
  `)
})

test('an append', () => {
  const conversation = led()
  conversation.append(1, 'a')
  expect(conversation.takeText()).toMatchInlineSnapshot(`
    "1 appends a
    1 > 2 records, committed 3
    1 > 3 records, committed 3
    2 > 1 fetch 1/4
    1 commits below 4
    3 > 1 fetch 1/4
    1 > 2 committed 4
    2 commits below 4
    1 > 3 committed 4
    3 commits below 4
    2 > 1 fetch 1/4
    3 > 1 fetch 1/4"
  `)
})

test('a leader that is cut off, and finds another when it comes back', () => {
  const conversation = led()
  conversation.cut(1)
  conversation.append(1, 'lost')
  conversation.timeOut(2)
  expect(conversation.takeText()).toMatchInlineSnapshot(`
    "1 appends lost
    2 > 3 pre-vote in epoch 1? log 1/3
    3 > 2 yes
    3 > 2 pre-vote in epoch 1? log 1/3
    2 > 3 vote for epoch 2? log 1/3
    2 > 3 FENCED_LEADER_EPOCH
    3 > 2 yes
    2 leads epoch 2
    2 > 3 epoch 2 begins
    3 follows 2 in epoch 2
    3 > 2 ok
    3 > 2 fetch 1/3
    2 > 3 records, committed -1
    3 > 2 fetch 2/4
    2 commits below 4
    2 > 3 committed 4
    3 commits below 4
    3 > 2 fetch 2/4"
  `)
  conversation.append(2, 'kept')
  conversation.takeText()
  conversation.heal(1)
  conversation.timeOut(1)
  expect(conversation.takeText()).toMatchInlineSnapshot(`
    "1 > 2 epoch 1 begins
    1 > 3 epoch 1 begins
    1 > 2 epoch 1 ends, next 2, 3
    1 > 3 epoch 1 ends, next 2, 3
    2 > 1 FENCED_LEADER_EPOCH
    2 > 3 epoch 2 begins
    2 > 3 committed 5
    3 > 1 FENCED_LEADER_EPOCH
    2 > 1 FENCED_LEADER_EPOCH
    1 follows 2 in epoch 2
    3 > 1 FENCED_LEADER_EPOCH
    3 > 2 ok
    3 > 2 fetch 2/5
    1 > 2 fetch 1/4
    2 > 1 epoch 1 ended at 3
    1 truncates to 3
    1 > 2 fetch 1/3
    2 > 1 records, committed 5
    1 commits below 5
    1 > 2 fetch 2/5"
  `)
})

test('a hand-over', () => {
  const conversation = led()
  conversation.step(1, { kind: 'resign' })
  expect(conversation.takeText()).toMatchInlineSnapshot(`
    "1 > 2 NOT_LEADER_OR_FOLLOWER
    1 > 3 NOT_LEADER_OR_FOLLOWER
    1 > 2 epoch 1 ends, next 2, 3
    1 > 3 epoch 1 ends, next 2, 3
    2 > 1 ok
    2 > 1 pre-vote in epoch 1? log 1/3
    2 > 3 pre-vote in epoch 1? log 1/3
    3 > 1 ok
    1 > 2 yes
    3 > 2 yes
    2 > 1 vote for epoch 2? log 1/3
    2 > 3 vote for epoch 2? log 1/3
    1 > 2 yes
    2 leads epoch 2
    3 > 2 yes
    2 > 1 epoch 2 begins
    1 follows 2 in epoch 2
    2 > 3 epoch 2 begins
    3 follows 2 in epoch 2
    1 > 2 ok
    1 > 2 fetch 1/3
    3 > 2 ok
    3 > 2 fetch 1/3
    2 > 1 records, committed -1
    2 > 3 records, committed -1
    1 > 2 fetch 2/4
    2 commits below 4
    3 > 2 fetch 2/4
    2 > 1 committed 4
    1 commits below 4
    2 > 3 committed 4
    3 commits below 4
    1 > 2 fetch 2/4
    3 > 2 fetch 2/4"
  `)
})
