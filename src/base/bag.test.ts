import assert from 'node:assert/strict'
import test from 'node:test'
import { Bag } from './bag.ts'

const items = (count: number) => Array.from({ length: count }, (_, name) => ({ name, place: -1 }))

test('a bag holds what was added and not taken out, whatever the order', () => {
  for (let gone = 0; gone < 4; gone++) {
    const bag = new Bag<{ name: number; place: number }>()
    const all = items(4)
    for (const item of all) bag.add(item)
    bag.delete(all[gone]!)
    bag.delete(all[gone]!)
    const names = bag.all().map(({ name }) => name)
    assert.deepEqual(
      names.sort(),
      [0, 1, 2, 3].filter((name) => name !== gone),
    )
    assert.equal(bag.size, 3)
    for (const item of all) bag.delete(item)
    assert.equal(bag.size, 0)
  }
})

test('a bag may change while its items are looked at', () => {
  const bag = new Bag<{ name: number; place: number }>()
  for (const item of items(5)) bag.add(item)
  for (const item of bag.all()) bag.delete(item)
  assert.equal(bag.size, 0)
})

test('an item that was taken out can be added again', () => {
  const bag = new Bag<{ name: number; place: number }>()
  const [first, second] = items(2) as [{ name: number; place: number }, { name: number; place: number }]
  bag.add(first)
  bag.add(second)
  bag.delete(first)
  bag.add(first)
  assert.deepEqual(bag.all(), [second, first])
})
