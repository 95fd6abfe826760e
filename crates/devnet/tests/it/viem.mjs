// Deploys a token, calls it, watches it, and uses viem's test client. Prints one JSON object.
import { readFileSync } from 'node:fs'
import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createTestClient,
  createWalletClient,
  http,
  webSocket,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { anvil } from 'viem/chains'

const [url, wsUrl] = process.argv.slice(2)
const { abi, bytecode } = JSON.parse(readFileSync('contracts/artifacts/DemoToken.json', 'utf8'))
const account = mnemonicToAccount('test test test test test test test test test test test junk')
const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'

const reader = createPublicClient({ chain: anvil, transport: http(url) })
const socket = createPublicClient({ chain: anvil, transport: webSocket(wsUrl) })
const wallet = createWalletClient({ account, chain: anvil, transport: http(url) })
const dev = createTestClient({ mode: 'anvil', chain: anvil, transport: http(url) })

const deployment = await wallet.deployContract({ abi, bytecode, args: ['Demo', 'DEMO', 1000n] })
const { contractAddress: address } = await reader.waitForTransactionReceipt({ hash: deployment })
const token = { address, abi }

let heard
const watched = new Promise((resolve) => { heard = resolve })
const stop = socket.watchContractEvent({ ...token, eventName: 'Transfer', onLogs: ([log]) => heard(log.args) })
// The subscription is in place once another request on the same socket is answered after it.
await socket.getBlockNumber()

const hash = await wallet.writeContract({ ...token, functionName: 'transfer', args: [to, 25n] })
const receipt = await reader.waitForTransactionReceipt({ hash })
const value = Object.values(await watched).find((x) => typeof x === 'bigint')
stop()

let reverted = 'nothing'
try {
  await reader.simulateContract({ ...token, functionName: 'transfer', args: [to, 5000n], account })
} catch (error) {
  const cause = error instanceof BaseError && error.walk((e) => e instanceof ContractFunctionRevertedError)
  reverted = cause?.data?.errorName ?? String(error)
}

const id = await dev.snapshot()
const before = (await reader.getBlock()).timestamp
await dev.increaseTime({ seconds: 3600 })
await dev.mine({ blocks: 1 })
const after = await reader.getBlock()
await dev.revert({ id })
const number = await reader.getBlockNumber({ cacheTime: 0 })

console.log(JSON.stringify({
  name: await reader.readContract({ ...token, functionName: 'name' }),
  supply: String(await reader.readContract({ ...token, functionName: 'totalSupply' })),
  balance: String(await reader.readContract({ ...token, functionName: 'balanceOf', args: [to] })),
  transfers: receipt.logs.length,
  reverted,
  watched: String(value),
  automine: await dev.getAutomine(),
  time: after.timestamp >= before + 3600n,
  snapshot: number === after.number - 1n,
}))
process.exit(0)
