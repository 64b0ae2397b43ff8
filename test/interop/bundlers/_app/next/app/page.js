'use client'

import { useEffect } from 'react'

export default function Page() {
  useEffect(() => void import('../page.js'), [])
  return (
    <main>
      <h1>millwright in Next.js</h1>
      <pre id="out">…</pre>
    </main>
  )
}
