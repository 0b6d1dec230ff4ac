import { account, realm } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'

export const shop = account('shop', apiKey({ origin: { prod: 'https://shop.example' } }))
export default realm({ sensitive: ['number', 'cvv'] })
