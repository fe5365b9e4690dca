// Guards in the workers and the keeper in the main thread, together, under a clock of their own.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Answer, SickCrew } from '../../test/support/sick-crew.ts'
import { DOWN, UP } from '../shared/server-table.ts'

const SILENT = { status: 0 }
const ERROR = { status: 500 }

/** All answer well but one. */
function sick(which: number, answer: Answer) {
  return (server: number) => (server === which ? answer : {})
}

describe('attempts that a hedge has overtaken', () => {
  const OVERTAKEN = { overtaken: true, millis: 50 }
  const timeouts = { response_head: '10s' } as const

  test('are no failures, however many in a row, until the server has answered nobody for as long as an attempt may take', () => {
    const crew = new SickCrew(3, { outlier_detection: { consecutive_failures: 5, jitter: 0 }, timeouts })
    crew.run(300, sick(1, OVERTAKEN))
    crew.pass(9000)
    crew.run(300, sick(1, OVERTAKEN))
    assert.deepEqual(crew.story, [])
    crew.pass(1000)
    crew.run(12, sick(1, OVERTAKEN))
    assert.deepEqual(crew.story, [])
    crew.run(3, sick(1, OVERTAKEN))
    assert.deepEqual(crew.story, ['ejected 1'])
    assert.equal(crew.events[0]!.reason, '5 attempts in a row had no usable answer')
  })

  test('one answer, to whichever worker, and that time begins anew', () => {
    const crew = new SickCrew(3, { outlier_detection: { consecutive_failures: 5 }, timeouts })
    for (let round = 0; round < 5; round++) {
      crew.run(60, sick(1, OVERTAKEN))
      crew.pass(9000)
      crew.run(3)
    }
    assert.deepEqual(crew.story, [])
  })

  test('are as slow as they were at least: by latency a server is ejected that never answers', () => {
    const rules = { latency_factor: 4, latency_floor: '1ms', interval: '1s', min_requests: 10 } as const
    const crew = new SickCrew(3, { outlier_detection: rules, timeouts })
    crew.run(300, sick(1, OVERTAKEN))
    crew.pass(1000)
    assert.deepEqual(crew.story, ['ejected 1'])
  })

  test('so does a breaker open, and a trial fails that was overtaken', () => {
    const breaker = { latency: '40ms', error_rate: 'off', open_time: '2s', min_requests: 10 } as const
    const crew = new SickCrew(2, { outlier_detection: 'off', circuit_breaker: breaker, timeouts })
    crew.run(40, sick(1, OVERTAKEN))
    crew.pass(1000)
    assert.deepEqual(crew.story, ['breaker_open 1'])
    crew.pass(2000)
    crew.run(2, sick(1, OVERTAKEN))
    assert.deepEqual(crew.story.slice(1), ['breaker_half_open 1', 'breaker_open 1'])
  })
})

describe('failures in a row', () => {
  const rules = { outlier_detection: { consecutive_failures: 5, base_time: '10s', jitter: 0 } } as const

  test('over all workers as many as the limit eject a server at once, and one less does not', () => {
    const crew = new SickCrew(3, rules)
    crew.run(12, sick(1, SILENT))
    assert.deepEqual(crew.story, [])
    crew.run(3, sick(1, SILENT))
    assert.deepEqual(crew.story, ['ejected 1'])
    assert.equal(crew.events[0]!.reason, '5 attempts in a row had no usable answer')
    assert.deepEqual(crew.run(30), [15, 0, 15])
  })

  test('a success in any worker begins the count anew', () => {
    const crew = new SickCrew(3, rules)
    crew.run(12, sick(1, SILENT))
    crew.run(3)
    crew.run(12, sick(1, SILENT))
    assert.deepEqual(crew.story, [])
  })

  test('error statuses count only where they are asked for', () => {
    const crew = new SickCrew(3, rules)
    crew.run(300, sick(1, ERROR))
    assert.deepEqual(crew.story, [])
    const strict = new SickCrew(3, { outlier_detection: { consecutive_errors: 7 } })
    strict.run(18, sick(1, ERROR))
    assert.deepEqual(strict.story, [])
    strict.run(3, sick(1, ERROR))
    assert.deepEqual(strict.story, ['ejected 1'])
    assert.equal(strict.events[0]!.reason, '7 attempts in a row failed, the last one with status 500')
  })

  test('which statuses are errors is up to the config', () => {
    const crew = new SickCrew(3, { outlier_detection: { consecutive_errors: 5 }, failure_statuses: [429] })
    crew.run(100, sick(1, ERROR))
    assert.deepEqual(crew.story, [])
    crew.run(100, sick(1, { status: 429 }))
    assert.deepEqual(crew.story, ['ejected 1'])
  })

  test('what all servers suffer from ejects none', () => {
    const crew = new SickCrew(4, { outlier_detection: { consecutive_failures: 5, consecutive_errors: 5 } })
    crew.run(400, () => SILENT)
    crew.run(400, () => ERROR)
    assert.deepEqual(crew.story, [])
  })

  test('no more servers than the share are ejected at a time, and never the last one', () => {
    const crew = new SickCrew(4, { outlier_detection: { ...rules.outlier_detection, max_ejected: '25%' } })
    crew.run(400, (server) => (server < 2 ? SILENT : {}))
    assert.equal(crew.events.length, 1)
    const two = new SickCrew(2, { outlier_detection: { ...rules.outlier_detection, max_ejected: 1 } })
    two.run(50, sick(0, SILENT))
    two.run(50, sick(1, SILENT))
    assert.deepEqual(two.story, ['ejected 0'])
    const one = new SickCrew(1, rules)
    assert.deepEqual(
      one.run(50, () => SILENT),
      [50],
    )
    assert.deepEqual(one.story, [])
  })

  test('a share of 0 ejects nothing', () => {
    const crew = new SickCrew(4, { outlier_detection: { ...rules.outlier_detection, max_ejected: 0 } })
    crew.run(400, sick(1, SILENT))
    assert.deepEqual(crew.story, [])
  })

  test('cancelled attempts say nothing', () => {
    const crew = new SickCrew(3, rules)
    for (let exchange = 0; exchange < 90; exchange++) crew.cancel(crew.begin(exchange % 2)!)
    assert.deepEqual(crew.story, [])
  })

  test('a report that is lost with its worker is made up for', () => {
    const crew = new SickCrew(3, rules)
    crew.holdsReports = true
    crew.run(15, sick(1, SILENT))
    assert.deepEqual(crew.story, [])
    crew.pass(1200)
    assert.deepEqual(crew.story, ['ejected 1'])
    for (const arrive of crew.held) arrive()
    assert.deepEqual(crew.story, ['ejected 1'], 'a report that comes late changes nothing')
  })
})

describe('the time of an ejection', () => {
  const rules = { outlier_detection: { base_time: '10s', max_time: '25s', jitter: 0 } } as const
  const lengths = (crew: SickCrew) => crew.events.flatMap((event) => (event.kind === 'ejected' ? [event.millis] : []))

  test('a server is back after its time, not before', () => {
    const crew = new SickCrew(2, rules)
    crew.run(20, sick(1, SILENT))
    crew.pass(9900)
    assert.deepEqual(crew.run(10), [10, 0])
    crew.pass(200)
    assert.deepEqual(crew.story, ['ejected 1', 'returned 1'])
    assert.deepEqual(crew.run(10), [5, 5])
  })

  test('it grows with each ejection up to the longest, and shrinks again in quiet times', () => {
    const crew = new SickCrew(2, rules)
    for (let time = 0; time < 4; time++) {
      crew.run(20, sick(1, SILENT))
      crew.pass(time === 0 ? 10_100 : 25_100)
    }
    assert.deepEqual(lengths(crew), [10_000, 20_000, 25_000, 25_000])
    crew.pass(120_000)
    crew.run(20, sick(1, SILENT))
    assert.equal(lengths(crew).at(-1), 10_000)
  })

  test('it is varied at random, but never shortened', () => {
    const seen = new Set<number>()
    const crew = new SickCrew(2, { outlier_detection: { base_time: '10s', jitter: '50%' } })
    for (let time = 0; time < 10; time++) {
      crew.run(20, sick(1, SILENT))
      crew.pass(200_000)
    }
    for (const millis of lengths(crew)) seen.add(millis)
    assert.ok(seen.size > 5)
    for (const millis of seen) assert.ok(millis >= 10_000 && millis <= 15_000, `${millis} ms`)
  })

  test('health and ejection do not overwrite each other', () => {
    const crew = new SickCrew(3, rules)
    crew.run(30, sick(1, SILENT))
    crew.table.setHealth(1, DOWN)
    crew.pass(5000)
    crew.table.setHealth(1, UP)
    assert.deepEqual(crew.run(20), [10, 0, 10], 'up, but still ejected')
    crew.table.setHealth(1, DOWN)
    crew.pass(5200)
    assert.deepEqual(crew.story, ['ejected 1', 'returned 1'])
    assert.deepEqual(crew.run(20), [10, 0, 10], 'no longer ejected, but down')
    crew.table.setHealth(1, UP)
    assert.equal(crew.run(30)[1], 10)
  })

  test('when the last other server goes down the ejected one is back at once', () => {
    const crew = new SickCrew(2, rules)
    crew.run(20, sick(1, SILENT))
    crew.table.setHealth(0, DOWN)
    crew.keeper.rescue(crew.now)
    assert.deepEqual(crew.story, ['ejected 1', 'returned 1'])
    assert.equal(crew.events[1]!.reason, 'no other server is left')
    assert.deepEqual(crew.run(10), [0, 10])
  })

  test('the table tells since when a server can be picked again', () => {
    const crew = new SickCrew(2, rules)
    assert.equal(crew.table.upSince(1), 0)
    crew.run(20, sick(1, SILENT))
    crew.pass(10_100)
    assert.equal(crew.now - crew.table.upSince(1), 100)
    assert.equal(crew.table.upSince(0), 0)
  })
})

describe('comparisons', () => {
  const fast = { interval: '1s', min_requests: 20, jitter: 0 } as const

  test('a server with a much lower success rate is ejected after the interval', () => {
    const crew = new SickCrew(6, { outlier_detection: { ...fast, success_rate_factor: 1.9 } })
    let turn = 0
    crew.run(600, (server) => (server === 4 && turn++ % 2 === 0 ? ERROR : {}))
    assert.deepEqual(crew.story, [])
    crew.pass(1000)
    assert.deepEqual(crew.story, ['ejected 4'])
    assert.match(crew.events[0]!.reason, /^50 % of 100 attempts succeeded, 91\.7 % on average$/)
  })

  test('each interval is judged by itself', () => {
    const crew = new SickCrew(3, { outlier_detection: { ...fast, failure_percentage: '50%' } })
    crew.run(60, sick(1, ERROR))
    crew.run(90)
    crew.pass(1000)
    assert.deepEqual(crew.story, [])
    crew.run(60, sick(1, ERROR))
    crew.pass(1000)
    assert.deepEqual(crew.story, ['ejected 1'])
  })

  test('a server that is much slower than the others is ejected', () => {
    const crew = new SickCrew(3, { outlier_detection: { ...fast, latency_factor: 3 } })
    crew.run(90, (server) => ({ millis: server === 2 ? 400 : 100 }))
    crew.pass(1000)
    assert.deepEqual(crew.story, ['ejected 2'])
  })
})

describe('a circuit breaker', () => {
  const rules = {
    outlier_detection: 'off',
    circuit_breaker: { consecutive_failures: 4, error_rate: 'off', open_time: '2s', max_open_time: '6s', trials: 3 },
  } as const

  /** A crew whose breaker of server 1 has just become half-open. */
  function halfOpen(): SickCrew {
    const crew = new SickCrew(2, rules)
    crew.run(8, sick(1, ERROR))
    crew.pass(2000)
    assert.deepEqual(crew.story, ['breaker_open 1', 'breaker_half_open 1'])
    return crew
  }

  /** As many exchanges as get to server 1 when all stay under way. */
  function trials(crew: SickCrew) {
    const tries = Array.from({ length: 40 }, (_, number) => crew.begin(number % 2)!)
    return tries.filter(({ server }) => server === 1)
  }

  test('opens after failures in a row over all workers, and lets nothing through', () => {
    const crew = new SickCrew(2, rules)
    crew.run(6, sick(1, ERROR))
    assert.deepEqual(crew.story, [])
    crew.run(2, sick(1, ERROR))
    assert.deepEqual(crew.story, ['breaker_open 1'])
    assert.deepEqual(crew.run(20), [20, 0])
    crew.pass(1900)
    assert.deepEqual(crew.run(20), [20, 0])
  })

  test('half-open lets exactly so many trials through over all workers, and closes when all have succeeded', () => {
    const crew = halfOpen()
    const [first, second, third, ...more] = trials(crew)
    assert.deepEqual(more, [])
    crew.end(first!)
    crew.end(second!)
    assert.deepEqual(crew.run(20), [20, 0], 'no more trials are needed')
    crew.end(third!)
    assert.deepEqual(crew.story.slice(2), ['breaker_closed 1'])
    assert.deepEqual(crew.run(20), [10, 10])
  })

  test('one failed trial opens it again, for twice the time, and late results of other trials count for nothing', () => {
    const crew = halfOpen()
    const [first, second, third] = trials(crew)
    crew.end(first!, ERROR)
    assert.deepEqual(crew.story.slice(2), ['breaker_open 1'])
    crew.end(second!)
    crew.end(third!, SILENT)
    assert.deepEqual(crew.story.slice(2), ['breaker_open 1'])
    const times = crew.events.flatMap((event) => (event.kind === 'breaker_open' ? [event.millis] : []))
    assert.deepEqual(times, [2000, 4000])
    crew.pass(4000)
    assert.equal(trials(crew).length, 3, 'the next phase has all its trials')
  })

  test('the longest open time is not passed', () => {
    const crew = halfOpen()
    for (let time = 0; time < 5; time++) {
      crew.end(trials(crew)[0]!, ERROR)
      crew.pass(6000)
    }
    const times = crew.events.flatMap((event) => (event.kind === 'breaker_open' ? [event.millis] : []))
    assert.deepEqual(times, [2000, 4000, 6000, 6000, 6000, 6000])
  })

  test('a trial that was cancelled is given to another exchange', () => {
    const crew = halfOpen()
    const [first] = trials(crew)
    assert.deepEqual(trials(crew), [])
    crew.cancel(first!)
    assert.equal(trials(crew).length, 1)
  })

  test('trials that died with their worker are let in anew', () => {
    const crew = halfOpen()
    const lost = trials(crew)
    crew.keeper.workerLost(0, crew.now)
    const next = trials(crew)
    assert.equal(next.length, 3)
    crew.end(lost[0]!, ERROR)
    for (const one of next) crew.end(one)
    assert.deepEqual(crew.story.slice(2), ['breaker_closed 1'])
  })

  test('trials that never end do not keep a server out for ever', () => {
    const crew = halfOpen()
    trials(crew)
    crew.pass(6000)
    assert.equal(trials(crew).length, 3)
  })

  test('opens by the rate of errors in the window, with enough requests', () => {
    const breaker = { consecutive_failures: 'off', error_rate: '50%', window: '10s', min_requests: 20 } as const
    const crew = new SickCrew(2, { outlier_detection: 'off', circuit_breaker: breaker })
    let turn = 0
    const half = (server: number) => (server === 1 && turn++ % 2 === 0 ? ERROR : {})
    crew.run(38, half)
    crew.pass(1000)
    assert.deepEqual(crew.story, [], '19 attempts are too few')
    crew.pass(5000)
    crew.run(2, half)
    crew.pass(1000)
    assert.deepEqual(crew.story, ['breaker_open 1'])
    assert.equal(crew.events[0]!.reason, '50 % of 20 attempts in 10 s failed')
  })

  test('forgets what is older than the window', () => {
    const breaker = { consecutive_failures: 'off', error_rate: '50%', window: '10s', min_requests: 20 } as const
    const crew = new SickCrew(2, { outlier_detection: 'off', circuit_breaker: breaker })
    crew.run(30, sick(1, ERROR))
    crew.pass(10_100)
    crew.run(10, sick(1, ERROR))
    crew.pass(1000)
    assert.deepEqual(crew.story, [])
  })

  test('opens by a quantile of the latency, and slow trials do not close it', () => {
    const breaker = { latency: '200ms', latency_quantile: 0.9, error_rate: 'off', open_time: '2s', trials: 1 } as const
    const crew = new SickCrew(2, { outlier_detection: 'off', circuit_breaker: breaker })
    let turn = 0
    crew.run(200, (server) => ({ millis: server === 1 && turn++ % 5 === 0 ? 500 : 20 }))
    crew.pass(1000)
    assert.deepEqual(crew.story, ['breaker_open 1'])
    crew.pass(2000)
    crew.end(trials(crew)[0]!, { millis: 300 })
    assert.deepEqual(crew.story.slice(1), ['breaker_half_open 1', 'breaker_open 1'])
  })

  test('may open for the last server, too: then there is none', () => {
    const crew = new SickCrew(1, rules)
    crew.run(4, () => ERROR)
    assert.deepEqual(crew.story, ['breaker_open 0'])
    assert.equal(crew.begin(), undefined)
    crew.pass(2000)
    assert.notEqual(crew.begin(), undefined)
  })

  test('it is known when the first server lets trials in, unless something else keeps it away', () => {
    const crew = new SickCrew(2, rules)
    assert.equal(crew.retryAfter, 0)
    crew.run(8, sick(1, ERROR))
    crew.pass(500)
    crew.run(4, () => ERROR)
    assert.deepEqual(crew.story, ['breaker_open 1', 'breaker_open 0'])
    assert.equal(crew.retryAfter, 2)
    crew.pass(900)
    assert.equal(crew.retryAfter, 1)
    crew.table.setHealth(1, DOWN)
    assert.equal(crew.retryAfter, 2)
    crew.table.setHealth(0, DOWN)
    assert.equal(crew.retryAfter, 0)
    crew.table.setHealth(0, UP)
    crew.pass(1100)
    assert.deepEqual(crew.story.slice(2), ['breaker_half_open 1', 'breaker_half_open 0'])
    assert.equal(crew.retryAfter, 0)
  })
})
