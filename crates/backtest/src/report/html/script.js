'use strict'
const { points, low, high } = JSON.parse(document.getElementById('data').textContent)

// Hovering: both plots share one time axis, and the nearest booking at or before the pointer is read out.
const equity = document.getElementById('equity')
if (equity && points.length) {
  const under = document.getElementById('under')
  const read = document.getElementById('read')
  const atRest = read.innerHTML
  const first = points[0][0]
  const span = points[points.length - 1][0] - first || 1
  const dollars = (text) => (text.startsWith('-') ? '−$' + text.slice(1) : '$' + text)
  const pointAt = (time) => {
    let from = 0
    let to = points.length - 1
    while (from < to) {
      const middle = (from + to + 1) >> 1
      if (points[middle][0] <= time) from = middle
      else to = middle - 1
    }
    return points[from]
  }
  const leave = () => {
    for (const plot of [equity, under]) plot.classList.remove('hovering')
    read.innerHTML = atRest
  }
  const move = (event) => {
    const box = equity.getBoundingClientRect()
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))
    const [time, value, fall] = pointAt(first + share * span)
    const left = points.length > 1 ? ((time - first) / span) * 100 + '%' : '50%'
    for (const plot of [equity, under]) {
      plot.classList.add('hovering')
      plot.querySelector('.cross').style.left = left
    }
    const dot = equity.querySelector('.dot')
    dot.style.left = left
    dot.style.top = (high > low ? (1 - (Number(value) - low) / (high - low)) * 100 : 50) + '%'
    const when = new Date(time).toISOString().slice(0, 16).replace('T', ' ') + ' UTC'
    read.textContent = `${when}  ·  equity ${dollars(value)}  ·  drawdown ${dollars(fall)}`
  }
  for (const plot of [equity, under]) {
    plot.addEventListener('pointermove', move)
    plot.addEventListener('pointerdown', move)
    plot.addEventListener('pointerleave', leave)
  }
}

// Sorting and filtering the trades shown.
const table = document.getElementById('trades')
if (table) {
  const body = table.tBodies[0]
  const rows = [...body.rows]
  const heads = [...table.tHead.rows[0].cells]
  const key = (row, column) => {
    const cell = row.cells[column]
    const text = cell.dataset.v ?? cell.textContent
    const number = Number(text)
    return text === '' ? -Infinity : Number.isNaN(number) ? text : number
  }
  heads.forEach((head, column) => {
    head.firstElementChild.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending'
      for (const other of heads) other.removeAttribute('aria-sort')
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
      const sorted = rows
        .map((row) => [key(row, column), row])
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1))
      body.append(...sorted.map(([, row]) => row))
    })
  })
  const filter = document.getElementById('filter')
  const matching = document.getElementById('matching')
  filter.hidden = false
  filter.addEventListener('input', () => {
    const wanted = filter.value.trim().toLowerCase()
    let shown = 0
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted)
      if (!row.hidden) shown += 1
    }
    matching.textContent = wanted ? `${shown.toLocaleString('en')} match.` : ''
  })
}
